package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What may differ from the run that a command goes on with, and what may not. */
class ResumeRefusalTest {
  @TempDir private Path folder;
  private KilledRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new KilledRuns(folder);
    runs.trained("--trainer.id=x");
    runs.kill("x", 5);
  }

  /** Refused with a sentence that has both values, by the run's id and by its checkpoint. */
  private void assertRefused(String difference, Object... flags) throws IOException {
    var byId = new ArrayList<Object>(List.of("--trainer.id=x"));
    var byPath =
        new ArrayList<Object>(
            List.of("--trainer.id=y", "--trainer.load_checkpoint_path=" + runs.checkpoint("x", 5)));
    var before = KilledRuns.state(runs.run("x"));
    for (var command : List.of(byId, byPath)) {
      command.addAll(List.of(flags));
      var run = runs.train(command.toArray());
      assertEquals(ExitCode.USAGE, run.exitCode(), run.err());
      var sentence = run.err().lines().toList().getLast();
      assertTrue(sentence.contains(difference), sentence);
      assertNull(Messages.problem(sentence.replaceAll("/\\S+", "")), sentence);
      assertEquals(before, KilledRuns.state(runs.run("x")), sentence);
      assertFalse(Files.exists(runs.run("y")));
    }
  }

  @Test
  void settingsThatDecideTheBitsAreNamedWithBothValues() throws IOException {
    assertRefused("trainer.seed was 0 and is 1", "--trainer.seed=1");
    assertRefused("trainer.train_batch_size was 2 and is 3", "--trainer.train_batch_size=3");
    assertRefused("optimizer.learning_rate was 0.01 and is 0.02", "--optimizer.learning_rate=2e-2");
    assertRefused("lora.r was 2 and is 4", "--lora.r=4");
    assertRefused("lora.dropout was 0.25 and is 0.0", "--lora.dropout=0");
    assertRefused("mask_inputs was true and is false", "--mask_inputs=false");
    assertRefused(
        " and is Do {instruction}",
        "--prompts.prompt_input=Do {instruction} {input}",
        "--prompts.prompt_no_input=Do {instruction}");
    assertRefused(
        "trainer.seed was 0 and is 1; trainer.train_batch_size was 2 and is 3; ",
        "--trainer.seed=1",
        "--trainer.train_batch_size=3",
        "--optimizer.beta1=0.8",
        "--optimizer.beta2=0.8",
        "--lora.alpha=3");
  }

  @Test
  void otherRowsAreRefused() throws IOException {
    KilledRuns.rows(runs.rows(), "now ");
    assertRefused("data was 5 rows with the digest ");
  }

  @Test
  void anotherBaseIsRefused() throws IOException {
    var config = runs.model().resolve("config.json");
    var text = Files.readString(config);
    Files.writeString(
        config, text.replaceFirst("\"rms_norm_eps\"\\s*:\\s*[^,]+,", "\"rms_norm_eps\": 1e-6,"));
    assertRefused("the model's rms_norm_eps was 1.0E-5 and is 1.0E-6");
    Files.writeString(config, text);
    var weights = runs.model().resolve("model.safetensors");
    Files.delete(weights);
    var init =
        CommandLineRun.of(
            "init",
            "--config",
            folder.resolve("small.json"),
            "--dtype",
            "f32",
            "--output",
            folder.resolve("f32"));
    assertEquals(ExitCode.DONE, init.exitCode(), init.err());
    Files.copy(folder.resolve("f32/model.safetensors"), weights);
    var run = runs.train("--trainer.id=x");
    assertEquals(ExitCode.USAGE, run.exitCode(), run.err());
    assertTrue(
        run.err().contains("the model's tensor lm_head.weight was BF16 [600, 64] and is F32"),
        run.err());
  }

  @Test
  void whatChangesNoBitsMayDiffer() throws IOException {
    var rows = Files.copy(runs.rows(), folder.resolve("elsewhere.jsonl"));
    var model = Files.createSymbolicLink(folder.resolve("moved"), runs.model());
    var flags =
        new Object[] {
          "--trainer.id=all",
          "--data=" + rows,
          "--data_cache_dir=" + folder.resolve("cache2"),
          "--eval_data=" + rows,
          "--skip_bad_rows=true",
          "--model_name_or_path=" + model,
          "--hf_save_path=" + runs.saves(),
          "--hf_save_steps=1",
          "--merged_hf_save_path=" + folder.resolve("merged"),
          "--trainer.num_train_steps=7",
          "--trainer.gradient_checkpointing=1",
          "--trainer.steps_per_eval=1",
          "--trainer.max_eval_batches=1",
          "--trainer.checkpointer.save_interval=1h",
          "--trainer.checkpointer.keep=[]",
          "--trainer.load_checkpoint=true",
          "--trainer.crash_on_nan=false",
          "--trainer.wandb.mode=disabled"
        };
    copy(runs.run("x"), runs.run("all"));
    var run = runs.trained(flags);
    assertTrue(run.err().contains("Going on after step 5"), run.err());
    var whole = runs.numbers("x").getLast();
    var last = runs.numbers("all").get(5);
    assertEquals(whole.get("train/loss"), last.get("train/loss"));
    assertEquals(whole.get("grad/norm/total"), last.get("grad/norm/total"));
    assertTrue(Files.exists(runs.saves().resolve("all/step-7")));
    copy(runs.run("x"), runs.run("cut"));
    var cut = runs.trained("--trainer.id=cut", "--trainer.max_tokens_per_microbatch=30");
    assertTrue(
        cut.err()
            .contains(
                "The checkpoint's run had micro-batches of up to 4096 tokens, and now they have up"
                    + " to 30: the results are no longer equal to the last bit."),
        cut.err());
    copy(runs.run("x"), folder.resolve("moved-runs/x"));
    runs.trained("--trainer.id=x", "--trainer.output_dir=" + folder.resolve("moved-runs"));
  }

  @Test
  void anotherOrderOfTheSumsIsSaidWhereAllWeightsAreTrained() throws IOException {
    Object[] one = {"--trainer.id=one", "--trainer.num_train_steps=2"};
    var first = CommandLineRun.of(runs.allWeights(one).toArray());
    assertEquals(ExitCode.DONE, first.exitCode(), first.err());
    runs.kill("one", 1);
    Object[] other = {one[0], one[1], "--trainer.gradient_sums=processes"};
    var second = CommandLineRun.of(runs.allWeights(other).toArray());
    assertEquals(ExitCode.DONE, second.exitCode(), second.err());
    assertTrue(
        second
            .err()
            .contains(
                "The checkpoint's run had trainer.gradient_sums micro_batches, and now it is"
                    + " processes: the results are no longer equal to the last bit."),
        second.err());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (var file : (Iterable<Path>) files::iterator) {
        var target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }

  @Test
  void aDamagedNewestCheckpointIsNamedAndTheOneBeforeIsTaken() throws IOException {
    var whole = runs.numbers("x");
    for (var name : List.of("checkpoint.json", "parameters.safetensors")) {
      var file = runs.checkpoint("x", 5).resolve(name);
      var bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      Files.write(file, bytes);
      var run = runs.trained("--trainer.id=x");
      var line = runs.checkpoint("x", 5) + ": this checkpoint is passed over: " + name;
      assertTrue(run.err().contains(line), run.err());
      assertTrue(run.err().contains("Going on after step 4"), run.err());
      assertNull(Messages.foreign(run.err()), run.err());
      assertEquals(whole, runs.numbers("x"), name);
      runs.kill("x", 5);
    }
  }

  @Test
  void whereAllAreDamagedOneThatIsInsistedOnIsASentence() throws IOException {
    for (var step = 1; step <= 5; step++) {
      Files.delete(runs.checkpoint("x", step).resolve("parameters.safetensors"));
    }
    var run = runs.train("--trainer.id=x", "--trainer.load_checkpoint=true");
    assertEquals(ExitCode.USAGE, run.exitCode(), run.err());
    var lines = run.err().lines().toList();
    assertEquals(
        "bayu: trainer.load_checkpoint: the run x has no whole checkpoint in "
            + runs.run("x").resolve("checkpoints")
            + ".",
        lines.getLast());
    assertEquals(5, lines.stream().filter(line -> line.contains("passed over")).count());
    var again = runs.trained("--trainer.id=x");
    assertTrue(
        again.err().contains("The run x has no whole checkpoint, so it begins again."),
        again.err());
  }
}
