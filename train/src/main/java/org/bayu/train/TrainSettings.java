package org.bayu.train;

import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Decay;
import org.bayu.tensor.optim.LearningRateSchedule;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a run. Two runs with the same settings, model, adaptation, data and micro-batches
 * give the same bits for any number of threads, if they use the same kernels.
 *
 * @param steps number of steps of the whole run
 * @param batchSizes number of examples of each step
 * @param learningRate of each step
 * @param adamW the optimizer's constants
 * @param maxGradNorm the bound that the gradients' global norm is clipped to; 0 for none
 * @param compute the compute type, F32 or BF16; trained parameters and the optimizer's arithmetic
 *     are F32
 * @param mask which positions have loss
 * @param seed of data order, new adapters and dropout
 * @param stepsPerEval number of steps from one evaluation to the next, if there is data for it
 * @param microBatches how a batch is cut to fit into memory
 * @param crashOnNan whether a run ends at a step whose loss or gradients are not finite; if not,
 *     the update is left out, and the run ends after ten of them in a row
 */
public record TrainSettings(
    int steps,
    BatchSizes batchSizes,
    LearningRateSchedule.Settings learningRate,
    AdamW.Settings adamW,
    double maxGradNorm,
    DType compute,
    LossMask mask,
    long seed,
    int stepsPerEval,
    MicroBatchSettings microBatches,
    boolean crashOnNan) {

  /**
   * How a batch is cut to fit into memory. The cut changes results only by rounding.
   *
   * @param maxExamples the most examples of a micro-batch
   * @param maxTokens the most distinct tokens of a micro-batch; null for what fits into memory
   * @param checkpointing of how many blocks the backward pass computes the forward pass again
   * @param prefixSharing whether a common prefix of examples is computed once
   * @param sums the order in which the gradients of all weights are summed
   */
  public record MicroBatchSettings(
      int maxExamples,
      @Nullable Integer maxTokens,
      GradientCheckpointing checkpointing,
      boolean prefixSharing,
      GradientSums sums) {
    /** As large as fits into memory, with prefix sharing. */
    public static final MicroBatchSettings DEFAULT =
        new MicroBatchSettings(
            Integer.MAX_VALUE, null, GradientCheckpointing.AUTO, true, GradientSums.MICRO_BATCHES);
  }

  /**
   * Settings with a constant learning rate, no weight decay, gradients clipped to a norm of 1,
   * compute type F32, loss only on the answers, seed 0, and an evaluation after the last step.
   *
   * @param batchSize examples of each step
   */
  public static TrainSettings of(int steps, int batchSize, double learningRate) {
    return new TrainSettings(
        steps,
        new BatchSizes(batchSize),
        new LearningRateSchedule.Settings(
            learningRate, new Decay.Constant(), 0, 0, null, 0, 0, List.of()),
        new AdamW.Settings(0.9, 0.95, 1e-8, 0),
        1,
        DType.F32,
        LossMask.DEFAULT,
        0,
        steps,
        MicroBatchSettings.DEFAULT,
        true);
  }

  /** The same with another compute type, F32 or BF16. */
  public TrainSettings withCompute(DType other) {
    return with(adamW, other, mask, seed, stepsPerEval, microBatches, crashOnNan);
  }

  /** The same with the optimizer's moments in another form. */
  public TrainSettings withMoments(AdamW.Moments other) {
    var settings =
        new AdamW.Settings(
            adamW.beta1(), adamW.beta2(), adamW.epsilon(), adamW.weightDecay(), other);
    return with(settings, compute, mask, seed, stepsPerEval, microBatches, crashOnNan);
  }

  /** The same with another seed. */
  public TrainSettings withSeed(long other) {
    return with(adamW, compute, mask, other, stepsPerEval, microBatches, crashOnNan);
  }

  /** The same with an evaluation after every {@code other} steps. */
  public TrainSettings withStepsPerEval(int other) {
    return with(adamW, compute, mask, seed, other, microBatches, crashOnNan);
  }

  /** The same with loss on other positions. */
  public TrainSettings withMask(LossMask other) {
    return with(adamW, compute, other, seed, stepsPerEval, microBatches, crashOnNan);
  }

  /** The same with another cut of the batches. */
  public TrainSettings withMicroBatches(MicroBatchSettings other) {
    return with(adamW, compute, mask, seed, stepsPerEval, other, crashOnNan);
  }

  /** The same, but a step whose loss or gradients are not finite is left out. */
  public TrainSettings withSkippedSteps() {
    return with(adamW, compute, mask, seed, stepsPerEval, microBatches, false);
  }

  private TrainSettings with(
      AdamW.Settings adamW,
      DType compute,
      LossMask mask,
      long seed,
      int stepsPerEval,
      MicroBatchSettings microBatches,
      boolean crashOnNan) {
    return new TrainSettings(
        steps,
        batchSizes,
        learningRate,
        adamW,
        maxGradNorm,
        compute,
        mask,
        seed,
        stepsPerEval,
        microBatches,
        crashOnNan);
  }

  /** The learning rate by step. */
  public LearningRateSchedule schedule() {
    return new LearningRateSchedule(steps, learningRate);
  }
}
