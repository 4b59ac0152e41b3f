package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.bayu.tensor.OpTime;
import org.bayu.tensor.OpTime.Pass;
import org.junit.jupiter.api.Test;

class StepProfileTest {
  @Test
  void timesAreThoseOfAStepAndRatesThoseOfAnOp() {
    var profile =
        new StepProfile(
            List.of(
                new OpTime("Linear", Pass.FORWARD, 20, 3, 6, 600e9),
                new OpTime("AdamW", Pass.OTHER, 2, 1, 1, 0)),
            2,
            2,
            400);
    assertEquals(
        List.of(
            "Profile of 2 steps, 2000 ms each; threads busy for 87.5 % of it; the peak is 400"
                + " GFLOP/s.",
            "op                   pass        calls   ms/step   share   GFLOP/s  of peak    busy",
            "Linear               forward        10    1500.0   75.0%     200.0    50.0%  100.0%",
            "AdamW                other           1     500.0   25.0%                      50.0%",
            "all                                 11    2000.0  100.0%     150.0    37.5%   87.5%"),
        profile.lines());
  }

  @Test
  void noOpIsFasterThanThePeak() {
    var times = List.of(new OpTime("Linear", Pass.FORWARD, 20, 3, 6, 600e9));
    assertEquals(200, new StepProfile(times, 2, 2, 150).peakGflops());
    assertEquals(0, new StepProfile(times, 2, 2, 0).peakGflops());
  }
}
