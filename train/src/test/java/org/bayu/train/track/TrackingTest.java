package org.bayu.train.track;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener.Start;
import org.bayu.train.TrainState;
import org.bayu.train.TrainingStep;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TrackingTest {
  private static final Start START = new Start(0, 4, 2000, 500);

  private final List<String> messages = new ArrayList<>();

  /** Keeps what it is given; fails at the steps that it is told to fail at. */
  private static final class Kept implements Tracker {
    private final List<Map<String, Number>> steps = new ArrayList<>();
    private final List<Integer> failing;
    private boolean closed;
    private int synced;

    Kept(Integer... failing) {
      this.failing = List.of(failing);
    }

    @Override
    public String name() {
      return "kept";
    }

    @Override
    public void log(int step, Map<String, Number> metrics) throws IOException {
      if (failing.contains(step)) {
        if (step % 2 == 0) {
          throw new IOException("no route");
        }
        throw new IllegalStateException("no token");
      }
      steps.add(metrics);
    }

    @Override
    public void sync() throws IOException {
      synced++;
      if (!failing.isEmpty()) {
        throw new IOException("no space");
      }
    }

    @Override
    public void close() throws IOException {
      closed = true;
      if (!failing.isEmpty()) {
        throw new IOException("no route");
      }
    }
  }

  private static TrainState.Progress progress(int step) {
    return new TrainState.Progress(step + 1, 1000L * (step + 1), 0, 0, null);
  }

  private static StepReport report(int step, double loss, @Nullable Double evalLoss) {
    var result = new TrainingStep.Result(loss, 1.5, 1000, 600, 3, null);
    return new StepReport(step, result, progress(step), 3e-4, 8, 4e9, 3e9, 2.0, 0.25, evalLoss);
  }

  @Test
  void eachStepHasItsNumbersUnderLevantersNames() {
    var kept = new Kept();
    try (var tracking = new Tracking(List.of(kept), 8, messages::add)) {
      tracking.started(START);
      tracking.step(report(0, 2.0, null));
      tracking.step(report(1, 1.0, 1.25));
    }
    assertTrue(kept.closed);
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
                "throughput/hfu",
                "throughput/distinct_tokens",
                "throughput/total_tokens",
                "throughput/duration",
                "throughput/hook_time",
                "throughput/loading_time",
                "parameter_count",
                "trainable_parameter_count",
                "fraction_trainable")),
        new TreeSet<>(kept.steps.getFirst().keySet()));
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
            "throughput/mfu", 0.25);
    var step = kept.steps.get(1);
    expected.forEach((name, value) -> assertEquals(value, number(step, name), name));
    assertEquals(0.25, number(step, "fraction_trainable"));
    assertEquals(0.1875, number(step, "throughput/hfu"));
    assertEquals(List.of(), messages);
  }

  @Test
  void aStepThatDoesMoreThanThePeakRaisesIt() {
    var kept = new Kept();
    try (var tracking = new Tracking(List.of(kept), 1, messages::add)) {
      tracking.started(START);
      tracking.step(report(0, 2.0, null));
      tracking.reached(1.2);
      assertEquals(1.5, tracking.peakGflops());
    }
    assertEquals(1, number(kept.steps.getFirst(), "throughput/hfu"));
    assertEquals(2 / 1.5, number(kept.steps.getFirst(), "throughput/mfu"), 1e-12);
  }

  private static double number(Map<String, Number> step, String name) {
    return Objects.requireNonNull(step.get(name), name).doubleValue();
  }

  @Test
  void aRateOverNoTimeIsLeftOut() {
    var kept = new Kept();
    try (var tracking = new Tracking(List.of(kept), 8, messages::add)) {
      tracking.started(START);
      var result = new TrainingStep.Result(2.0, 1.5, 1000, 600, 3, null);
      tracking.step(new StepReport(0, result, progress(0), 3e-4, 8, 4e9, 0, 0, 0, null));
    }
    for (var name :
        List.of("tokens_per_second", "examples_per_second", "gflops_per_second", "mfu", "hfu")) {
      assertFalse(kept.steps.getFirst().containsKey("throughput/" + name), name);
    }
  }

  @Test
  void anEvaluationThatGaveNoNumberIsLeftOut() {
    var kept = new Kept();
    try (var tracking = new Tracking(List.of(kept), 8, messages::add)) {
      tracking.started(START);
      tracking.step(report(0, 2.0, Double.NaN));
    }
    assertFalse(kept.steps.getFirst().containsKey("eval/loss"));
  }

  @Test
  void aTrackerThatFailsStopsNeitherTheRunNorTheOthers() {
    var failing = new Kept(0, 1);
    var other = new Kept();
    try (var tracking = new Tracking(List.of(failing, other), 8, messages::add)) {
      tracking.started(START);
      for (var step = 0; step < 3; step++) {
        tracking.step(report(step, 1, null));
      }
      assertEquals(2, tracking.missing("kept"));
    }
    assertEquals(1, failing.steps.size());
    assertEquals(3, other.steps.size());
    assertTrue(other.closed);
    assertEquals(
        List.of(
            "kept: cannot be written (no route). Training goes on; steps are missing in it.",
            "kept: may be incomplete (no route)."),
        messages);
  }

  @Test
  void syncReachesEveryTrackerAndAFailureIsReportedOnce() {
    var failing = new Kept(0);
    var other = new Kept();
    var tracking = new Tracking(List.of(failing, other), 8, messages::add);
    tracking.sync();
    tracking.sync();
    assertEquals(2, failing.synced);
    assertEquals(2, other.synced);
    assertEquals(
        List.of("kept: cannot be synced to the disk (no space). Training goes on."), messages);
  }
}
