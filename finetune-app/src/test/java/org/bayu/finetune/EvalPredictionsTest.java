package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose model answers rows at each evaluation. */
class EvalPredictionsTest {
  @TempDir private Path folder;

  private static void withoutPredictions(List<Map<String, Object>> steps) {
    steps.forEach(step -> step.remove("eval/exact_match"));
  }

  @Test
  void trainingIsTheSameAndAResumedRunHasTheSameAnswers() throws IOException {
    var runs = new KilledRuns(folder);
    var evaluated =
        List.of("--eval_data=" + runs.rows(), "--trainer.steps_per_eval=2", "--trainer.id=x");
    runs.trained("--trainer.id=plain", evaluated.get(0), evaluated.get(1));
    Object[] flags = {
      evaluated.get(0),
      evaluated.get(1),
      evaluated.get(2),
      "--trainer.eval_predictions=3",
      "--trainer.tracker=[{type: wandb, mode: offline}, {type: tensorboard}]"
    };
    runs.trained(flags);
    var table = runs.run("x").resolve("tables/eval_predictions.jsonl");
    var answers = Files.readString(table);
    assertEquals(3 * 3, answers.lines().count());
    assertTrue(answers.startsWith("{\"global_step\":1,\"input\":"), answers);
    assertTrue(
        Files.readString(runs.run("x").resolve("report.html")).contains("After step 6: 0 of 3"));

    runs.kill("x", 3);
    runs.trained(flags);
    assertEquals(answers, Files.readString(table));

    var numbers = runs.numbers("x");
    assertEquals(3, numbers.stream().filter(step -> step.containsKey("eval/exact_match")).count());
    withoutPredictions(numbers);
    assertEquals(runs.numbers("plain"), numbers);
    assertEquals(
        KilledRuns.contents(runs.checkpoint("plain", 6)).get("parameters.safetensors"),
        KilledRuns.contents(runs.checkpoint("x", 6)).get("parameters.safetensors"));
  }

  @Test
  void withoutRowsTheKeyIsRefused() throws IOException {
    var runs = new KilledRuns(folder);
    var refused = runs.train("--trainer.eval_predictions=3");
    assertEquals(ExitCode.USAGE, refused.exitCode());
    assertTrue(
        refused.err().contains("eval_predictions needs the rows of eval_data."), refused.err());
  }

  @Test
  void planCountsWhatGeneratingTakes() throws IOException {
    var runs = new KilledRuns(folder);
    var command = runs.command("--eval_data=" + runs.rows(), "--trainer.eval_predictions=2");
    command.set(0, "plan");
    var plan = CommandLineRun.of(command.toArray());
    assertEquals(ExitCode.DONE, plan.exitCode(), plan.err());
    assertTrue(plan.out().contains("Predictions at evaluations"), plan.out());
  }
}
