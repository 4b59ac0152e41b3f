package org.bayu.finetune.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.bayu.tensor.device.Devices;
import org.bayu.train.StepProfile;
import org.bayu.train.TrainListener.Start;
import org.junit.jupiter.api.Test;

class RunProfileTest {
  @Test
  void aRunThatGoesOnIsCountedWithoutItsOwnFirstTwoSteps() {
    var profile = profile(5, 10);
    assertEquals(3, profile.steps());
    assertEquals(3, profile.times().getFirst().calls());
  }

  @Test
  void twoStepsAreAllCounted() {
    assertEquals(2, profile(8, 10).steps());
  }

  @Test
  void aRunWithoutStepsSaysSo() {
    assertEquals(List.of("No step was done, so there is no profile."), profile(10, 10).lines());
  }

  private static StepProfile profile(int first, int steps) {
    try (var device = Devices.cpu(1)) {
      var profile = new RunProfile(device);
      profile.started(new Start(first, steps, 0, 0));
      for (var step = first; step < steps; step++) {
        profile.stepBegins(step);
        device.mark("AdamW");
        profile.stepEnds(step + 1);
      }
      profile.ended(0);
      return profile.result();
    }
  }
}
