package org.bayu.finetune.track;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.train.TrainRun.StepReport;
import org.bayu.finetune.train.TrainingStep;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTrackerTest {
  @TempDir Path folder;
  private final StringWriter err = new StringWriter();

  private RunTracker tracker() throws IOException {
    var config =
        TrainConfig.load(
            null,
            List.of(
                "--data=t",
                "--trainer.output_dir=" + folder,
                "--trainer.id=run",
                "--trainer.num_train_steps=4"));
    return new RunTracker(config, new PrintWriter(err));
  }

  private static StepReport report(int step, double loss, @Nullable Double evalLoss) {
    var result = new TrainingStep.Result(loss, 1.5, 1000, 600, 3);
    return new StepReport(step, result, 3e-4, 8, 4e9, 2.0, 0.25, evalLoss);
  }

  private List<JsonNode> metrics() throws IOException {
    var json = new ObjectMapper();
    try (var lines = Files.lines(folder.resolve("run/metrics.jsonl"))) {
      var nodes = new ArrayList<JsonNode>();
      for (var line : lines.toList()) {
        nodes.add(json.readTree(line));
      }
      return nodes;
    }
  }

  @Test
  void eachStepIsOneObjectUnderLevantersNames() throws IOException {
    try (var tracker = tracker()) {
      tracker.start(2000, 500, 8);
      tracker.step(report(0, 2.0, null));
      tracker.step(report(1, 1.0, 1.25));
    }
    var steps = metrics();
    assertEquals(2, steps.size());
    var names = new TreeSet<String>();
    steps.get(0).fieldNames().forEachRemaining(names::add);
    assertEquals(
        new TreeSet<>(
            List.of(
                "global_step",
                "run_progress",
                "train/loss",
                "optim/learning_rate",
                "grad/norm/total",
                "throughput/tokens_per_second",
                "throughput/examples_per_second",
                "throughput/gflops_per_second",
                "throughput/mfu",
                "throughput/distinct_tokens",
                "throughput/total_tokens",
                "throughput/duration",
                "throughput/hook_time",
                "throughput/loading_time",
                "parameter_count",
                "trainable_parameter_count",
                "fraction_trainable")),
        names);
    var expected =
        Map.of(
            "global_step", 1.0,
            "run_progress", 0.25,
            "train/loss", 1.0,
            "eval/loss", 1.25,
            "throughput/tokens_per_second", 500.0,
            "throughput/examples_per_second", 4.0,
            "throughput/gflops_per_second", 2.0,
            "throughput/total_tokens", 2000.0,
            "throughput/distinct_tokens", 600.0,
            "fraction_trainable", 0.25);
    expected.forEach(
        (name, value) -> assertEquals(value, steps.get(1).path(name).asDouble(), name));
    assertEquals(0.25, steps.get(1).path("throughput/mfu").asDouble());
  }

  @Test
  void aRateOverNoTimeIsLeftOut() throws IOException {
    try (var tracker = tracker()) {
      tracker.start(2000, 500, 8);
      var result = new TrainingStep.Result(2.0, 1.5, 1000, 600, 3);
      tracker.step(new StepReport(0, result, 3e-4, 8, 4e9, 0, 0, null));
      assertEquals(
          "Trained 4 steps in 0.0 s: 1,000 tokens."
              + " Loss 2.0000 at the first step, 2.0000 at the last.",
          tracker.summary().getFirst());
    }
    var step = metrics().getFirst();
    for (var name :
        List.of("tokens_per_second", "examples_per_second", "gflops_per_second", "mfu")) {
      assertFalse(step.has("throughput/" + name), name);
    }
    assertEquals(2.0, step.get("train/loss").doubleValue());
  }

  @Test
  void nothingIsWrittenBeforeTheRunBegins() throws IOException {
    tracker().close();
    assertFalse(Files.exists(folder.resolve("run")));
  }

  @Test
  void aRunThatIsThereAlreadyIsRefusedAtOnce() throws IOException {
    try (var tracker = tracker()) {
      tracker.start(1, 1, 0);
      tracker.step(report(0, 2.0, null));
    }
    assertThrows(UserException.class, this::tracker);
  }

  @Test
  void theResolvedConfigurationLiesBesideTheMetrics() throws IOException {
    try (var tracker = tracker()) {
      tracker.start(1, 1, 0);
    }
    var again = TrainConfig.load(folder.resolve("run/config.yaml"), List.of());
    assertEquals("run", again.trainer().id());
    assertEquals(4, again.trainer().numTrainSteps());
  }

  @Test
  void stepsAndTheRunAreTold() throws IOException {
    try (var tracker = tracker()) {
      tracker.start(2000, 500, 8);
      for (var step = 0; step < 4; step++) {
        tracker.step(report(step, 2.0 / (step + 1), step == 3 ? (Double) 0.75 : null));
      }
      assertEquals(
          "Trained 4 steps in 8.0 s: 4,000 tokens, 500 tokens/s."
              + " Loss 2.0000 at the first step, 0.5000 at the last.",
          tracker.summary().getFirst());
    }
    var lines = err.toString();
    assertTrue(lines.contains("Training 500 of 2,000 parameters (25.000 %)."), lines);
    assertTrue(lines.contains("train 1/4  loss 2.0000  500 tokens/s  lr 3.00e-04"), lines);
    assertTrue(lines.contains("train 4/4  loss 0.5000"), lines);
    assertTrue(lines.contains("Step 4: eval/loss 0.750000"), lines);
  }
}
