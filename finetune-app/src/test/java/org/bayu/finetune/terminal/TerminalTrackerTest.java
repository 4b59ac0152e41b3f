package org.bayu.finetune.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener.Start;
import org.bayu.train.TrainState;
import org.bayu.train.TrainingStep;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TerminalTrackerTest {
  private static TrainState.Progress progress(int step) {
    return new TrainState.Progress(step + 1, 1000L * (step + 1), 0, 0, null);
  }

  private static StepReport report(int step, double loss, @Nullable Double evalLoss) {
    var result = new TrainingStep.Result(loss, 1.5, 1000, 600, 3, null);
    return new StepReport(step, result, progress(step), 3e-4, 8, 4e9, 3e9, 2.0, 0.25, evalLoss);
  }

  @Test
  void stepsAndTheRunAreTold() {
    var err = new StringWriter();
    try (var terminal = new TerminalTracker(new PrintWriter(err, true))) {
      terminal.started(new Start(0, 4, 2000, 500));
      for (var step = 0; step < 4; step++) {
        terminal.step(report(step, 2.0 / (step + 1), step == 3 ? (Double) 0.75 : null));
      }
      assertEquals(
          "Trained 4 steps in 8.0 s: 4,000 tokens, 500 tokens/s."
              + " Loss 2.0000 at the first step, 0.5000 at the last.",
          terminal.summary());
    }
    var lines = err.toString();
    assertTrue(lines.contains("Training 500 of 2,000 parameters (25.000 %)."), lines);
    assertTrue(lines.contains("train 1/4  loss 2.0000  500 tokens/s  lr 3.00e-04"), lines);
    assertTrue(lines.contains("train 4/4  loss 0.5000"), lines);
    assertTrue(lines.contains("Step 4: eval/loss 0.750000"), lines);
  }

  @Test
  void noRateIsToldOverNoTime() {
    var terminal = new TerminalTracker(new PrintWriter(new StringWriter()));
    var result = new TrainingStep.Result(2.0, 1.5, 1000, 600, 3, null);
    terminal.step(new StepReport(0, result, progress(0), 3e-4, 8, 4e9, 0, 0, 0, null));
    assertEquals(
        "Trained 1 steps in 0.0 s: 1,000 tokens."
            + " Loss 2.0000 at the first step, 2.0000 at the last.",
        terminal.summary());
  }
}
