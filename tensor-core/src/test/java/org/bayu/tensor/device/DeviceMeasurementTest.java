package org.bayu.tensor.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DeviceMeasurementTest {
  @Test
  void aPeakIsThatOfTheProcessorBesideABusyNeighbour() {
    var nanos = new AtomicLong();
    var slice = 3_000_000;
    // The neighbour has every other time slice: only what lies within one of the others is
    // undisturbed.
    var peak =
        DeviceMeasurement.peak(
            steps -> {
              for (var i = 0; i < steps / 1000; i++) {
                if (nanos.get() / slice % 2 == 1) {
                  nanos.set((nanos.get() / slice + 1) * slice);
                }
                nanos.addAndGet(10_000);
              }
              return steps * 20.0;
            },
            240_000_000,
            nanos::get);
    assertEquals(2, peak, 1e-9);
  }

  @Test
  void threadsThatWakeUpLateDoNotLowerAPeakMuch() {
    var nanos = new AtomicLong();
    var peak =
        DeviceMeasurement.peak(
            steps -> {
              nanos.addAndGet(200_000 + steps * 10L);
              return steps * 20.0;
            },
            240_000_000,
            nanos::get);
    assertEquals(2, peak, 0.06);
  }
}
