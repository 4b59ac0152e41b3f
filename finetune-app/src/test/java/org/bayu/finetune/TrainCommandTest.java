package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.bayu.llama.hf.HfCheckpoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of a run on a small model of random weights: what it leaves when it fails. */
class TrainCommandTest {
  private static final String CONFIG =
      """
      {"model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
       "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
       "vocab_size": 1000, "max_position_embeddings": 256, "rms_norm_eps": 1e-5}
      """;

  @TempDir private Path folder;
  private Path model;
  private Path saves;

  @BeforeEach
  void prepare() throws IOException {
    var config = Files.writeString(folder.resolve("config.json"), CONFIG);
    model = folder.resolve("model");
    saves = folder.resolve("saves");
    var init = CommandLineRun.of("init", "--config", config, "--output", model);
    assertEquals(ExitCode.DONE, init.exitCode(), init.err());
    Files.copy(
        TestFiles.golden("tokenizer/byte-level/tokenizer.json"), model.resolve("tokenizer.json"));
    var row = "{\"prompt\": \"a row\", \"completion\": \"yes\"}\n";
    Files.writeString(folder.resolve("rows.jsonl"), row + row.replace("yes", "no"));
  }

  @AfterEach
  void forgetTheSmallMachine() {
    System.clearProperty("bayu.memory");
  }

  private CommandLineRun train(Object... more) {
    List<Object> all =
        new ArrayList<>(
            List.of(
                "train",
                "--data=" + folder.resolve("rows.jsonl"),
                "--data_cache_dir=" + folder.resolve("cache"),
                "--model_name_or_path=" + model,
                "--trainer.output_dir=" + folder.resolve("runs"),
                "--trainer.id=x",
                "--trainer.num_train_steps=3",
                "--trainer.train_batch_size=2"));
    all.addAll(List.of(more));
    return CommandLineRun.of(all.toArray());
  }

  private static long workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("bayu-"))
        .count();
  }

  private boolean isMapped() throws IOException {
    var maps = Path.of("/proc/self/maps");
    assumeTrue(Files.exists(maps), "only Linux tells what is mapped");
    return Files.readString(maps).contains(model.toString());
  }

  @Test
  void aRunThatIsRefusedLeavesNoThreadAndNoMapping() throws IOException {
    try (var open = HfCheckpoint.open(model)) {
      assertEquals(2, open.config().layers());
      assertTrue(isMapped());
    }
    var before = workers();
    System.setProperty("bayu.memory", "1m");
    assertEquals(ExitCode.MEMORY, train("--lora.r=2").exitCode());
    assertFalse(isMapped());
    System.clearProperty("bayu.memory");
    var noLayer = train("--lora.target_modules=[nothing]");
    assertEquals(ExitCode.USAGE, noLayer.exitCode(), noLayer.err());
    assertFalse(isMapped());
    var noAdapter = train("--lora.initialize_from=" + folder.resolve("nowhere"));
    assertEquals(ExitCode.INPUT_FILE, noAdapter.exitCode(), noAdapter.err());
    assertFalse(isMapped());
    assertEquals(before, workers());
  }

  @Test
  void aRunThatIsDoneLeavesNoThreadAndNoMapping() throws IOException {
    var before = workers();
    assertEquals(ExitCode.DONE, train("--lora.r=2").exitCode());
    assertFalse(isMapped());
    assertEquals(before, workers());
  }

  @Test
  void theFirstLineSaysWhatIsTrained() {
    var run = train("--lora.r=2", "--trainer.fsdp_axis=embed");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var lines = run.err().lines().toList();
    assertTrue(lines.get(0).startsWith("LoRA: an adapter of rank 2"), run.err());
    assertEquals("Without effect: trainer.fsdp_axis (about accelerators).", lines.get(1));
  }

  @Test
  void theEvaluationTakesTheFirstBatchesOnlyWhereTheirNumberIsGiven() throws IOException {
    var rows = folder.resolve("rows.jsonl");
    var first = Files.writeString(folder.resolve("first.jsonl"), Files.readAllLines(rows).get(0));
    var limited = lastEvalLoss("limited", rows, "--trainer.max_eval_batches=1");
    assertEquals(lastEvalLoss("first", first), limited);
    assertNotEquals(lastEvalLoss("all", rows, "--trainer.max_eval_batches=2"), limited);
  }

  private double lastEvalLoss(String id, Path evalData, String... more) throws IOException {
    var flags =
        new ArrayList<Object>(
            List.of(
                "--eval_data=" + evalData,
                "--trainer.id=" + id,
                "--trainer.train_batch_size=1",
                "--lora.r=2"));
    flags.addAll(List.of(more));
    var run = train(flags.toArray());
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var lines = Files.readAllLines(folder.resolve("runs").resolve(id).resolve("metrics.jsonl"));
    return new ObjectMapper().readTree(lines.getLast()).get("eval/loss").doubleValue();
  }

  @Test
  void savesAreMadeOnTheWayAndSaidBesideTheirSize() {
    var run = train("--hf_save_path=" + saves, "--hf_save_steps=2", "--lora.r=2");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(Files.exists(saves.resolve("x/step-2")));
    assertTrue(Files.exists(saves.resolve("x/step-3")));
    assertTrue(run.err().contains("each time, 2 times, "), run.err());
  }

  @Test
  void aSaveOnTheWayThatExistsAlreadyIsRefusedBeforeTheRun() throws IOException {
    var taken = Files.createDirectories(saves.resolve("x/step-2"));
    var run = train("--hf_save_path=" + saves, "--hf_save_steps=2", "--lora.r=2");
    assertEquals(ExitCode.USAGE, run.exitCode());
    assertTrue(run.err().contains(taken + " exists already"), run.err());
    Files.move(taken, saves.resolve("x/step-1"));
    assertEquals(
        ExitCode.DONE,
        train("--hf_save_path=" + saves, "--hf_save_steps=2", "--lora.r=2").exitCode());
  }

  @Test
  void ofARunThatDestroysItsWeightsNoSaveIsCalledGood() {
    var run =
        train(
            "--hf_save_path=" + saves,
            "--hf_save_steps=1",
            "--trainer.num_train_steps=20",
            "--optimizer.learning_rate=1e18",
            "--optimizer.warmup=0");
    assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
    var sentence = run.err().lines().toList().getLast();
    assertTrue(sentence.contains("Training has stopped. "), sentence);
    assertFalse(sentence.contains("good"), sentence);
    assertFalse(Files.exists(saves.resolve("x/step-20")));
  }

  @Test
  void weightsThatAreNoNumbersAreNotSaved() {
    var run =
        train(
            "--hf_save_path=" + saves,
            "--trainer.num_train_steps=1",
            "--optimizer.learning_rate=1e38",
            "--optimizer.weight_decay=1e3",
            "--optimizer.warmup=0");
    assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
    var sentence = run.err().lines().toList().getLast();
    assertTrue(
        sentence.matches("bayu: step 0: its update made \\S+ infinite or no number\\. .*"),
        sentence);
    assertTrue(sentence.contains("Nothing was saved before."), sentence);
    assertFalse(Files.exists(saves.resolve("x")));
  }
}
