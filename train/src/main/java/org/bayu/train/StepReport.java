package org.bayu.train;

import org.jspecify.annotations.Nullable;

/**
 * The results of a step.
 *
 * @param step its number, from 0
 * @param result loss, gradient norm and numbers of tokens
 * @param progress of the run, this step included
 * @param examples of the batch
 * @param modelFlops floating-point operations of the step, by {@link ModelFlops}; of several
 *     processes, the share of one
 * @param deviceFlops floating-point operations that the device did in the step ({@link
 *     org.bayu.tensor.Device#flops}): none for what a shared prefix or a frozen weight saves
 * @param seconds of the whole step, from loading its examples to the update, without the
 *     evaluation; 0 if the run went on from between the two
 * @param loadingSeconds of loading alone
 * @param evalLoss the loss of the evaluation after the step; null if there was none. If it is
 *     infinite or NaN, the run ends after this step
 */
public record StepReport(
    int step,
    TrainingStep.Result result,
    TrainState.Progress progress,
    double learningRate,
    int examples,
    double modelFlops,
    double deviceFlops,
    double seconds,
    double loadingSeconds,
    @Nullable Double evalLoss) {

  /** Mean cross-entropy over the batch's counted positions, before the update. */
  public double loss() {
    return result.loss();
  }

  /** Whether the evaluation's loss is finite, or there was no evaluation. */
  public boolean isFinite() {
    return evalLoss == null || Double.isFinite(evalLoss);
  }
}
