package org.bayu.finetune.run;

import org.bayu.tensor.Device;
import org.bayu.train.StepProfile;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.jspecify.annotations.Nullable;

/**
 * Counts where the time of a run's steps goes. If there are more than two, the first two are left
 * out, in which code is compiled and memory touched.
 */
final class RunProfile implements TrainListener {
  private static final int WARM_UP_STEPS = 2;

  private final Device device;
  private int first;
  private int done;
  private @Nullable StepProfile result;

  RunProfile(Device device) {
    this.device = device;
  }

  @Override
  public void started(Start start) {
    var steps = start.steps() - start.firstStep();
    first = start.firstStep() + (steps > WARM_UP_STEPS ? WARM_UP_STEPS : 0);
    done = first;
  }

  @Override
  public void stepBegins(int step) {
    if (step == first) {
      device.startProfile();
    }
  }

  @Override
  public void step(StepReport report) {}

  @Override
  public void stepEnds(int done) {
    this.done = Math.max(first, done);
  }

  /** Ends the counting, at a processor's peak of so many 10⁹ operations a second. */
  void ended(double peakGflops) {
    result = new StepProfile(device.profile(), done - first, device.threads(), peakGflops);
  }

  /**
   * The profile.
   *
   * @throws IllegalStateException if the run has not ended
   */
  StepProfile result() {
    if (result == null) {
      throw new IllegalStateException("the run has not ended");
    }
    return result;
  }
}
