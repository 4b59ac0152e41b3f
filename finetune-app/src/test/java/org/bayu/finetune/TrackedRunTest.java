package org.bayu.finetune;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What TensorBoard's and W&amp;B's files have of a run that is killed, resumed and evaluated. */
class TrackedRunTest {
  private static final String TRACKERS =
      "--trainer.tracker=[{type: wandb, mode: offline, tags: [viggo]}, {type: tensorboard}]";

  private static final String CHECKPOINTS = "--trainer.checkpointer.keep=[{every: 3}]";

  @TempDir private Path folder;

  /** How often a text is in the files below a folder whose names have a certain part. */
  private static int count(Path folder, String name, String text) throws IOException {
    var count = 0;
    try (var files = Files.walk(folder)) {
      for (var file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        if (String.valueOf(file.getFileName()).contains(name)) {
          count += Files.readString(file, ISO_8859_1).split(text, -1).length - 1;
        }
      }
    }
    return count;
  }

  private static void assertStepsAreThereOnce(Path run) throws IOException {
    assertEquals(KilledRuns.STEPS, count(run, ".tfevents.", "train/loss"));
    // In the history and in the summary.
    assertEquals(2 * KilledRuns.STEPS, count(run, ".wandb", "train/loss"));
  }

  @Test
  void eachStepIsThereOnceAndTheEvaluationToo() throws IOException {
    var runs = new KilledRuns(folder);
    var first = runs.trained("--trainer.id=x", TRACKERS, CHECKPOINTS);
    var run = runs.run("x");
    assertTrue(
        first.err().contains("W&B: nothing is sent. The run is in its folder."), first.err());
    assertStepsAreThereOnce(run);
    runs.kill("x", 3);
    runs.trained("--trainer.id=x", TRACKERS, CHECKPOINTS);
    assertStepsAreThereOnce(run);
    assertEquals(2, count(run, ".tfevents.", "num_train_steps")); // of each start

    var evaluated =
        CommandLineRun.of(
            "evaluate",
            "--model",
            runs.model(),
            "--data",
            runs.rows(),
            "--run",
            run,
            "--max_new_tokens",
            1,
            "--output",
            folder.resolve("evaluation"));
    assertEquals(ExitCode.DONE, evaluated.exitCode(), evaluated.err());
    assertStepsAreThereOnce(run);
    assertEquals(1, count(run, ".tfevents.", "confusion_matrix"));
    assertEquals(1, count(run, ".tfevents.", "evaluate/overall"));
    // In the history and in the summary.
    assertEquals(8, count(run, ".wandb", "\"table-file\""));
    assertEquals(2, count(run, ".wandb", "\"image-file\""));
    var summary = new ObjectMapper().readTree(run.resolve("summary.json").toFile());
    assertEquals(5, summary.path("evaluate/rows").intValue());
  }
}
