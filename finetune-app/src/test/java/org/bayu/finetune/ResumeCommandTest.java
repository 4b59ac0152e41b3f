package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.bayu.tensor.io.StagedPath;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which run a command goes on with, and from where. */
class ResumeCommandTest {
  @TempDir private Path folder;
  private KilledRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new KilledRuns(folder);
  }

  private void assertEqualRuns(String whole, String other) throws IOException {
    assertEquals(runs.numbers(whole), runs.numbers(other));
    for (var name : List.of("parameters", "first_moments", "second_moments")) {
      var file = name + ".safetensors";
      assertEquals(
          -1,
          Files.mismatch(
              runs.checkpoint(whole, KilledRuns.STEPS).resolve(file),
              runs.checkpoint(other, KilledRuns.STEPS).resolve(file)),
          file);
    }
  }

  private static void assertSays(CommandLineRun run, String line) {
    assertTrue(run.err().contains(line), run.err());
  }

  @Test
  void theSameCommandGoesOnUnlessItIsToldOtherwise() throws IOException {
    runs.trained("--trainer.id=whole");
    runs.trained("--trainer.id=x");
    runs.kill("x", 3);
    var refused = runs.train("--trainer.id=x", "--trainer.load_checkpoint=false");
    assertEquals(
        "bayu: "
            + runs.run("x")
            + ": holds a run already. Give this one another trainer.id or trainer.output_dir.",
        refused.sentenceOfRun(ExitCode.USAGE));
    var run = runs.trained("--trainer.id=x");
    assertSays(run, "Going on after step 3 from " + runs.checkpoint("x", 3) + ".");
    assertEqualRuns("whole", "x");
    runs.kill("x", 2);
    assertSays(
        runs.trained("--trainer.id=x", "--trainer.load_checkpoint=true"), "Going on after step 2");
    assertEqualRuns("whole", "x");
  }

  @Test
  void aCheckpointThatIsInsistedOnMustBeThere() throws IOException {
    var none = runs.train("--trainer.id=x", "--trainer.load_checkpoint=true");
    assertEquals(
        "bayu: trainer.load_checkpoint: the run x has no checkpoint in "
            + runs.run("x").resolve("checkpoints")
            + ".",
        none.sentenceOfRun(ExitCode.USAGE));
    assertFalse(Files.exists(runs.runs()));
    var noId = runs.train("--trainer.load_checkpoint=true");
    assertTrue(
        noId.sentenceOfRun(ExitCode.USAGE).contains("has no unfinished run of this configuration"),
        noId.err());
  }

  @Test
  void withoutAnIdTheOnlyUnfinishedRunGoesOn() throws IOException {
    runs.trained("--trainer.id=a");
    runs.kill("a", 2);
    var run = runs.trained();
    assertSays(
        run,
        "Going on with the unfinished run a. To begin a new one: --trainer.load_checkpoint false.");
    assertEquals(1, names().size());
    runs.trained();
    assertEquals(2, names().size(), "the first has ended, so this is a new one");
    runs.kill("a", 2);
    runs.trained("--trainer.load_checkpoint=false");
    assertEquals(3, names().size());
  }

  @Test
  void withoutAnIdSeveralUnfinishedRunsAreNamed() throws IOException {
    for (var id : List.of("a", "b")) {
      runs.trained("--trainer.id=" + id);
    }
    runs.kill("a", 2);
    runs.kill("b", 2);
    var before = KilledRuns.state(runs.runs());
    var refusal = runs.train().sentenceOfRun(ExitCode.USAGE);
    assertTrue(refusal.contains("several unfinished runs of this configuration: a, b."), refusal);
    assertTrue(refusal.contains("--trainer.id"), refusal);
    assertEquals(before, KilledRuns.state(runs.runs()));
  }

  private List<String> names() throws IOException {
    try (var entries = Files.list(runs.runs())) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void ofTheSavesThoseAreCountedThatAreStillToBeMade() throws IOException {
    var command =
        new Object[] {"--trainer.id=x", "--hf_save_path=" + runs.saves(), "--hf_save_steps=1"};
    assertSays(runs.trained(command), "each time, " + KilledRuns.STEPS + " times, ");
    runs.kill("x", KilledRuns.STEPS - 2);
    assertSays(runs.trained(command), "each time, 2 times, ");
  }

  @Test
  void aRunThatHasEndedSaysSoAndNothingChanges() throws IOException {
    var command = new Object[] {"--trainer.id=x", "--hf_save_path=" + runs.saves()};
    runs.trained(command);
    var before = KilledRuns.state(folder);
    var run = runs.trained(command);
    assertEquals(
        "The run x has ended after 6 steps; the adapter is in "
            + runs.saves().resolve("x/step-6")
            + ". There is nothing left to do.\n",
        run.out());
    assertEquals(before, KilledRuns.state(folder));
    var fewer = runs.trained("--trainer.id=x", "--trainer.num_train_steps=4");
    assertTrue(fewer.out().contains("has ended after 6 steps"), fewer.out());
    assertEquals(before, KilledRuns.state(folder));
  }

  @Test
  void moreStepsAreCountedFromTheStart() throws IOException {
    var save = "--hf_save_path=" + runs.saves();
    var schedule = "--optimizer.lr_schedule=constant";
    runs.trained("--trainer.id=x", schedule, save, "--trainer.num_train_steps=4");
    var before = KilledRuns.state(runs.saves());
    runs.trained("--trainer.id=x", schedule, save);
    runs.trained("--trainer.id=whole", schedule);
    var lines = runs.numbers("x");
    assertEquals(6, lines.size());
    for (var step = 0; step < 6; step++) {
      assertEquals(Integer.toString(step), String.valueOf(lines.get(step).get("global_step")));
      assertEquals(
          runs.numbers("whole").get(step).get("train/loss"), lines.get(step).get("train/loss"));
    }
    var after = KilledRuns.state(runs.saves());
    assertTrue(after.containsKey("x/step-6/adapter_model.safetensors"));
    after.keySet().removeIf(name -> name.isEmpty() || name.equals("x") || name.contains("step-6"));
    before.keySet().removeIf(name -> name.isEmpty() || name.equals("x"));
    assertEquals(before, after);
    assertTrue(Files.exists(runs.checkpoint("x", 4)));
    assertTrue(runs.trained("--trainer.id=x", schedule, save).out().contains("after 6 steps"));
  }

  @Test
  void fewerStepsThanTheCheckpointHasAreRefused() throws IOException {
    runs.trained("--trainer.id=x");
    runs.kill("x", 5);
    var refused = runs.train("--trainer.id=x", "--trainer.num_train_steps=4");
    assertEquals(ExitCode.USAGE, refused.exitCode(), refused.err());
    assertEquals(
        "bayu: trainer.num_train_steps: 4, and the checkpoint "
            + runs.checkpoint("x", 5)
            + " has 5 steps already.",
        refused.err().lines().toList().getLast());
  }

  @Test
  void aCheckpointOfAnotherRunIsGoneOnFrom() throws IOException {
    runs.trained("--trainer.id=whole");
    runs.trained("--trainer.id=a");
    runs.kill("a", 4);
    for (var path : List.of(runs.checkpoint("a", 2), runs.run("a").resolve("checkpoints"))) {
      var id = "from-" + path.getFileName();
      var run = runs.trained("--trainer.id=" + id, "--trainer.load_checkpoint_path=" + path);
      var done = id.equals("from-step-2") ? 2 : 4;
      assertSays(run, "Going on after step " + done);
      var whole = runs.numbers("whole");
      assertEquals(whole.subList(done, 6), runs.numbers(id));
      assertFalse(Files.exists(runs.checkpoint(id, done)));
    }
    assertEquals(4, runs.numbers("a").size() - 2, "the other run is as it was");
    var nowhere =
        runs.train("--trainer.id=b", "--trainer.load_checkpoint_path=" + folder.resolve("nowhere"));
    assertTrue(
        nowhere
            .sentenceOfRun(ExitCode.INPUT_FILE)
            .contains(
                "trainer.load_checkpoint_path: there is no folder " + folder.resolve("nowhere")),
        nowhere.err());
    assertFalse(Files.exists(runs.run("b")));
  }

  /** The same command again goes on with its own steps, and not with the other run's. */
  @Test
  void aRunThatBeganFromAnothersCheckpointGoesOnFromItsOwn() throws IOException {
    runs.trained("--trainer.id=whole");
    var from = "--trainer.load_checkpoint_path=" + runs.checkpoint("whole", 2);
    runs.trained("--trainer.id=x", from);
    runs.kill("x", 4);
    assertSays(runs.trained("--trainer.id=x", from), "Going on after step 4 from " + runs.run("x"));
    assertEquals(runs.numbers("whole").subList(2, 6), runs.numbers("x"));
    runs.kill("x", 4);
    assertSays(runs.trained(from), "Going on with the unfinished run x.");
    assertEquals(runs.numbers("whole").subList(2, 6), runs.numbers("x"));
  }

  @Test
  void aRunIsNotSetBackToAnEarlierCheckpoint() throws IOException {
    runs.trained("--trainer.id=x");
    runs.kill("x", 4);
    var before = KilledRuns.state(runs.runs());
    var refusal =
        runs.train("--trainer.id=x", "--trainer.load_checkpoint_path=" + runs.checkpoint("x", 2))
            .sentenceOfRun(ExitCode.USAGE);
    assertTrue(refusal.contains("is further"), refusal);
    assertTrue(refusal.contains("another trainer.id"), refusal);
    assertEquals(before, KilledRuns.state(runs.runs()));
    assertSays(
        runs.trained("--trainer.id=x", "--trainer.load_checkpoint_path=" + runs.checkpoint("x", 4)),
        "Going on after step 4");
  }

  @Test
  void weightsAloneAreTakenFromACheckpoint() throws IOException {
    var warmUp = "--optimizer.warmup=3";
    runs.trained("--trainer.id=a", warmUp);
    var from = "--trainer.initialize_from=" + runs.checkpoint("a", 6);
    var run = runs.trained("--trainer.id=x", warmUp, from);
    assertSays(run, "The weights are those of " + runs.checkpoint("a", 6) + ".");
    var first = runs.numbers("a");
    var numbers = runs.numbers("x");
    assertEquals(6, numbers.size());
    for (var step = 0; step < 6; step++) {
      assertEquals(
          first.get(step).get("optim/learning_rate"), numbers.get(step).get("optim/learning_rate"));
      assertEquals(
          first.get(step).get("throughput/total_tokens"),
          numbers.get(step).get("throughput/total_tokens"));
    }
    assertNotEquals(first.getFirst().get("train/loss"), numbers.getFirst().get("train/loss"));
    // After one step from zero, the first moment is a tenth of a gradient of those weights.
    assertNotEquals(
        -1,
        Files.mismatch(
            runs.checkpoint("a", 1).resolve("first_moments.safetensors"),
            runs.checkpoint("x", 1).resolve("first_moments.safetensors")));
    runs.kill("x", 2);
    var again = runs.trained("--trainer.id=x", warmUp, from);
    assertSays(again, "Going on after step 2 from " + runs.checkpoint("x", 2));
    assertEquals(numbers, runs.numbers("x"));
  }

  @Test
  void theWarmUpDoesNotStartAgain() throws IOException {
    var warmUp = "--optimizer.warmup=4";
    runs.trained("--trainer.id=whole", warmUp);
    runs.trained("--trainer.id=x", warmUp);
    runs.kill("x", 2);
    runs.trained("--trainer.id=x", warmUp);
    assertEqualRuns("whole", "x");
  }

  /** Five rows: with a batch of five, each step ends an epoch. */
  @Test
  void anEpochsLastStepIsNotTheNextOnesFirst() throws IOException {
    var epochs =
        new Object[] {
          "--trainer.id=x",
          "--trainer.train_batch_size=5",
          "--eval_data=" + runs.rows(),
          "--trainer.steps_per_eval=2"
        };
    runs.trained(epochs);
    var whole = runs.numbers("x");
    assertTrue(whole.getLast().containsKey("eval/loss"));
    for (var done = 1; done < KilledRuns.STEPS; done++) {
      runs.kill("x", done);
      runs.trained(epochs);
      assertEquals(whole, runs.numbers("x"));
    }
  }

  /** Killed between the last step's checkpoint and the note that the run has ended. */
  @Test
  void aRunThatHadOnlyToEndEnds() throws IOException {
    var command = new Object[] {"--trainer.id=x", "--hf_save_path=" + runs.saves()};
    runs.trained(command);
    var whole = runs.numbers("x");
    var saved = KilledRuns.contents(runs.saves());
    var end = Files.readString(runs.run("x").resolve("run.json"));
    runs.kill("x", KilledRuns.STEPS);
    StagedPath.delete(runs.saves().resolve("x/step-6"));
    var run = runs.trained(command);
    assertSays(run, "Going on after step 6");
    assertEquals(whole, runs.numbers("x"));
    assertEquals(saved, KilledRuns.contents(runs.saves()));
    assertEquals(
        end.replaceAll("\"ended\".*", ""),
        Files.readString(runs.run("x").resolve("run.json")).replaceAll("\"ended\".*", ""));
  }

  @Test
  void theRunsOwnSavesAreReplacedWholeAndOthersRefused() throws IOException {
    var command =
        new Object[] {"--trainer.id=x", "--hf_save_path=" + runs.saves(), "--hf_save_steps=4"};
    runs.trained(command);
    var saved = KilledRuns.contents(runs.saves());
    runs.kill("x", 3);
    Files.writeString(runs.saves().resolve("x/step-4/left.txt"), "of the run that was killed");
    runs.trained(command);
    assertEquals(saved, KilledRuns.contents(runs.saves()));
    var others = folder.resolve("others");
    Files.createDirectories(others.resolve("x/step-6"));
    var file = Files.writeString(others.resolve("x/step-6/precious"), "of somebody else");
    runs.kill("x", 3);
    var before = KilledRuns.state(runs.runs());
    var refused = runs.train("--trainer.id=x", "--hf_save_path=" + others);
    assertEquals(ExitCode.USAGE, refused.exitCode(), refused.err());
    assertSays(refused, "hf_save_path: " + others.resolve("x/step-6") + " exists already.");
    assertTrue(Files.exists(file));
    assertEquals(before, KilledRuns.state(runs.runs()));
  }

  @Test
  void aNewRunDoesNotOverwriteCheckpointsElsewhere() throws IOException {
    var elsewhere = folder.resolve("elsewhere");
    var base = "--trainer.checkpointer.base_path=" + elsewhere;
    runs.trained("--trainer.id=x", base);
    var before = KilledRuns.state(elsewhere);
    var other = "--trainer.output_dir=" + folder.resolve("other");
    var refused = runs.train("--trainer.id=x", base, other, "--trainer.load_checkpoint=false");
    var sentence = refused.sentenceOfRun(ExitCode.USAGE);
    assertTrue(sentence.contains(elsewhere.resolve("x") + ": holds"), sentence);
    assertEquals(before, KilledRuns.state(elsewhere));
  }

  @Test
  void aRunThatWasKilledBeforeItsFirstCheckpointBeginsAgain() throws IOException {
    runs.trained("--trainer.id=x");
    var whole = runs.numbers("x");
    runs.kill("x", 0);
    var run = runs.trained("--trainer.id=x");
    assertSays(run, "The run x was interrupted before its first checkpoint, so it begins again.");
    assertEquals(whole, runs.numbers("x"));
  }

  @Test
  void whoeverIsRefusedOrEndedLeavesNoLeftovers() throws IOException {
    runs.trained("--trainer.id=x");
    runs.kill("x", 3);
    runs.trained("--trainer.id=x");
    try (var files = Files.walk(folder)) {
      assertEquals(
          List.of(),
          files.filter(file -> file.getFileName().toString().startsWith(".bayu")).toList());
    }
  }
}
