package org.bayu.finetune.run;

import java.util.function.DoubleSupplier;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.DeviceReport;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.bayu.train.track.Tracking;

/**
 * Looks for the processor's peak again before some steps, between which a few milliseconds do not
 * count.
 */
final class PeakSpells implements TrainListener {
  private static final int SPELLS = 20;

  /** A spell is less than 1 % of that. */
  private static final double LEAST_STEP_SECONDS = 1;

  private final DoubleSupplier spell;
  private final Tracking tracking;
  private double stepSeconds;
  private int done;

  PeakSpells(Device device, DType compute, Tracking tracking) {
    this(
        () -> {
          var peak = DeviceReport.peakGflopsAgain(device, compute);
          device.mark("between steps");
          return peak;
        },
        tracking);
  }

  /** With a way to measure it. */
  PeakSpells(DoubleSupplier spell, Tracking tracking) {
    this.spell = spell;
    this.tracking = tracking;
  }

  @Override
  public void stepBegins(int step) {
    if (done < SPELLS && stepSeconds >= LEAST_STEP_SECONDS) {
      tracking.reached(spell.getAsDouble());
      done++;
    }
  }

  @Override
  public void step(StepReport report) {
    stepSeconds = report.seconds();
  }
}
