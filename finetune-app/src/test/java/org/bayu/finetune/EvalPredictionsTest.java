package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** Trains until the answers are known by heart; returns the last share of right ones. */
  private static double learned(KilledRuns runs, Object... more) throws IOException {
    var flags = new ArrayList<Object>();
    Collections.addAll(
        flags,
        "--eval_data=" + runs.rows(),
        "--trainer.id=x",
        "--trainer.eval_predictions=2",
        "--trainer.num_train_steps=60",
        "--trainer.checkpointer.keep=[]");
    Collections.addAll(flags, more);
    var run = CommandLineRun.of(runs.allWeights(flags.toArray()).toArray());
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    return ((JsonNode) Objects.requireNonNull(runs.numbers("x").getLast().get("eval/exact_match")))
        .doubleValue();
  }

  @Test
  void anAnswerThatBeginsWithASpaceIsRight() throws IOException {
    var runs = new KilledRuns(folder);
    var pieces = TestFiles.golden("tokenizer/legacy");
    for (var name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
      Files.copy(
          pieces.resolve(name), runs.model().resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }
    Files.writeString(
        runs.rows(),
        """
        {"prompt": "he is", "completion": " a dog"}
        {"prompt": "she is", "completion": " the cat"}
        """);
    assertEquals(1, learned(runs));
    var table = Files.readString(runs.run("x").resolve("tables/eval_predictions.jsonl"));
    assertTrue(table.contains("\"predicted\":\" a dog\""), table);
  }

  @Test
  void anAnswerThatEndsWithASpecialTokenIsRight() throws IOException {
    var runs = new KilledRuns(folder);
    Files.writeString(
        runs.rows(),
        """
        {"prompt": "he is<|eot_id|>", "completion": "a dog<|eot_id|>"}
        {"prompt": "she is<|eot_id|>", "completion": "the cat<|eot_id|>"}
        """);
    assertEquals(1, learned(runs, "--special_tokens_in_rows=true"));
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
