package org.bayu.finetune.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bayu.train.StepReport;
import org.bayu.train.TrainState;
import org.bayu.train.TrainingStep;
import org.bayu.train.track.Tracking;
import org.junit.jupiter.api.Test;

class PeakSpellsTest {
  private static StepReport report(int step, double seconds) {
    var result = new TrainingStep.Result(1, 1, 10, 10, 1, null);
    var progress = new TrainState.Progress(step + 1, 10, 0, 0, null);
    return new StepReport(step, result, progress, 1e-3, 1, 1e9, 1e9, seconds, 0, null);
  }

  @Test
  void longStepsMayRaiseThePeakAndShortOnesAreLeftAlone() {
    var spells = new AtomicInteger();
    try (var tracking = new Tracking(List.of(), 100, _ -> {})) {
      var listener = new PeakSpells(() -> 100.0 + spells.incrementAndGet() % 10, tracking);
      for (var step = 0; step < 100; step++) {
        listener.stepBegins(step);
        listener.step(report(step, step < 10 ? 0.9 : 1.1));
        if (step == 10) {
          assertEquals(0, spells.get());
          assertEquals(100, tracking.peakGflops());
        }
      }
      assertEquals(20, spells.get());
      assertEquals(109, tracking.peakGflops());
    }
  }
}
