package org.bayu.train;

import org.jspecify.annotations.Nullable;

/**
 * A step, done.
 *
 * @param step its number, from 0
 * @param result loss, gradient norm and tokens
 * @param examples of the batch
 * @param modelFlops operations that the mathematics of the step asks for
 * @param seconds of the whole step, from loading its examples to the update
 * @param loadingSeconds of loading alone
 * @param evalLoss of the evaluation after the step; null if there was none; if it is infinite or no
 *     number, the run ends after this step
 */
public record StepReport(
    int step,
    TrainingStep.Result result,
    double learningRate,
    int examples,
    double modelFlops,
    double seconds,
    double loadingSeconds,
    @Nullable Double evalLoss) {

  /** Mean cross-entropy over the batch's counted positions, before the update. */
  public double loss() {
    return result.loss();
  }

  /** Whether the evaluation, if there was one, gave a number. */
  public boolean isFinite() {
    return evalLoss == null || Double.isFinite(evalLoss);
  }
}
