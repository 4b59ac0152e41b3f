package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Commands that write to a disk of a few MiB, or to one that is read-only. Needs root. */
@EnabledOnOs(OS.LINUX)
class SmallDiskTest {
  /** A million parameters: 3.7 MiB. */
  private static final String CONFIG =
      """
      {"model_type": "llama", "hidden_size": 256, "intermediate_size": 256,
       "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 4,
       "vocab_size": 1000, "max_position_embeddings": 256, "rms_norm_eps": 1e-5}
      """;

  @TempDir private Path folder;
  private Path disk;
  private Path model;
  private boolean mounted;

  @BeforeEach
  void prepare() throws IOException, InterruptedException {
    disk = Files.createDirectory(folder.resolve("disk"));
    model = folder.resolve("model");
    mounted = done("mount", "-t", "tmpfs", "-o", "size=8m", "none", disk.toString());
    assumeTrue(mounted, "only root can mount a small disk");
    Files.writeString(folder.resolve("config.json"), CONFIG);
    assertEquals(ExitCode.DONE, init(model).exitCode());
    Files.copy(
        TestFiles.golden("tokenizer/byte-level/tokenizer.json"), model.resolve("tokenizer.json"));
    Files.writeString(
        folder.resolve("rows.jsonl"), "{\"prompt\": \"a row\", \"completion\": \"yes\"}\n");
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (mounted) {
      assertTrue(done("umount", disk.toString()));
    }
  }

  private static boolean done(String... command) throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor() == 0;
  }

  private CommandLineRun init(Path output) {
    return CommandLineRun.of(
        "init", "--config", folder.resolve("config.json"), "--dtype", "f32", "--output", output);
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
                "--trainer.train_batch_size=1"));
    all.addAll(List.of(more));
    return CommandLineRun.of(all.toArray());
  }

  @Test
  void savesThatWouldLeaveNoRoomForTheLastAreLeftOut() throws IOException {
    var run = train("--hf_save_path=" + disk, "--hf_save_steps=1");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(run.err().contains("Not all of them fit"), run.err());
    assertTrue(run.err().contains("No save after step 2"), run.err());
    try (var saved = Files.list(disk.resolve("x"))) {
      assertEquals(List.of(disk.resolve("x/step-3")), saved.toList());
    }
  }

  @Test
  void aRunWhoseLastSaveDoesNotFitIsRefused() throws IOException {
    Files.write(disk.resolve("ballast"), new byte[6 << 20]);
    for (var command : List.of("plan", "train")) {
      var all = new ArrayList<Object>(List.of(command));
      all.add("--data=" + folder.resolve("rows.jsonl"));
      all.add("--data_cache_dir=" + folder.resolve("cache"));
      all.add("--model_name_or_path=" + model);
      all.add("--trainer.output_dir=" + folder.resolve("runs"));
      all.add("--trainer.num_train_steps=1");
      all.add("--hf_save_path=" + disk);
      var run = CommandLineRun.of(all.toArray());
      assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
      assertTrue(run.err().contains("hf_save_path: a save takes 4."), run.err());
      assertFalse(Files.exists(folder.resolve("runs")));
    }
  }

  @Test
  void aDiskThatIsFullAtTheEndCostsNothingButTheWay() throws IOException {
    // Metrics have no room either.
    Files.write(disk.resolve("ballast"), new byte[(8 << 20) - (1 << 16)]);
    var config = Files.createDirectories(disk.resolve("runs"));
    var run =
        train(
            "--trainer.num_train_steps=300",
            "--lora.r=1",
            "--lora.target_modules=[q_proj]",
            "--trainer.output_dir=" + config,
            "--hf_save_path=" + folder.resolve("saves"));
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(run.err().contains("metrics.jsonl: cannot be written"), run.err());
    assertTrue(run.out().contains("steps are missing in it"), run.out());
    var metrics = Files.readString(config.resolve("x/metrics.jsonl"));
    assertTrue(metrics.endsWith("}\n"), "the last line is whole");
    assertTrue(Files.exists(folder.resolve("saves/x/step-300")));
  }

  @Test
  void aFullDiskEndsInASentenceAndLeavesNothing() throws IOException {
    Files.write(disk.resolve("ballast"), new byte[6 << 20]);
    var run = init(disk.resolve("model"));
    assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
    try (var left = Files.list(disk)) {
      assertEquals(List.of(disk.resolve("ballast")), left.toList());
    }
  }

  @Test
  void aFullDiskIsNamedByTheFileThatHasNoRoom() throws IOException {
    Files.write(disk.resolve("ballast"), new byte[8 << 20]);
    var output = disk.resolve("rows.jsonl");
    var csv = folder.resolve("viggo.csv");
    Files.writeString(csv, "mr,ref\ninform(name[Tetris]),Tetris is a game.\n");
    var prepare =
        CommandLineRun.of("prepare", "--format", "viggo", "--input", csv, "--output", output);
    var runs = train("--trainer.output_dir=" + disk.resolve("runs"));
    var cache = train("--data_cache_dir=" + disk);
    for (var run : List.of(prepare, runs, cache)) {
      assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
      var sentence = run.err().lines().toList().getLast();
      assertTrue(sentence.contains("cannot be written (No space left on device)"), sentence);
      assertTrue(sentence.contains(disk.toString()), sentence);
    }
  }

  private CommandLineRun evaluate(Path output) {
    return CommandLineRun.of(
        "evaluate",
        "--model",
        model,
        "--data",
        folder.resolve("many.jsonl"),
        "--output",
        output,
        "--max_new_tokens",
        20);
  }

  @Test
  void anEvaluationGoesOnOnceADiskThatWasFullHasRoom() throws IOException {
    Files.writeString(
        folder.resolve("many.jsonl"), "{\"prompt\": \"a\", \"completion\": \"b\"}\n".repeat(200));
    var ballast = disk.resolve("ballast");
    Files.write(ballast, new byte[(8 << 20) - (1 << 14)]);
    var output = disk.resolve("out");
    var full = evaluate(output);
    assertEquals(ExitCode.FAILED, full.exitCode(), full.err());
    var sentence = full.err().lines().toList().getLast();
    assertTrue(sentence.contains("answers.jsonl: cannot be written (No space left on"), sentence);
    assertTrue(sentence.endsWith("the same command goes on from there."), sentence);
    Files.delete(ballast);
    var more = evaluate(output);
    assertEquals(ExitCode.DONE, more.exitCode(), more.err());
    assertTrue(more.err().contains("of 200 rows are answered already"), more.err());
    assertEquals(200, Files.readAllLines(output.resolve("predictions.jsonl")).size());
  }

  @Test
  void aReadOnlyDiskIsAFailureOfTheOutputNotOfAnInput() throws IOException, InterruptedException {
    assertEquals(
        ExitCode.DONE, train("--lora.r=2", "--hf_save_path=" + folder.resolve("saves")).exitCode());
    assertTrue(done("mount", "-o", "remount,ro", disk.toString()));
    var adapter = folder.resolve("saves/x/step-3");
    var out = disk.resolve("out");
    var runs =
        List.of(
            init(out),
            CommandLineRun.of("merge", "--model", model, "--adapter", adapter, "--output", out),
            CommandLineRun.of("demo", "--output", out),
            evaluate(out),
            train("--trainer.id=y", "--hf_save_path=" + disk),
            train("--trainer.id=y", "--merged_hf_save_path=" + disk, "--lora.r=1"),
            train("--trainer.id=y", "--trainer.output_dir=" + disk),
            train("--trainer.id=y", "--data_cache_dir=" + disk));
    for (var run : runs) {
      assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
      var sentence = run.err().lines().toList().getLast();
      assertTrue(sentence.contains("cannot be written"), sentence);
      assertTrue(sentence.contains(disk.toString()), sentence);
    }
  }
}
