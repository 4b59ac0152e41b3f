package org.bayu.train;

import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Decay;
import org.bayu.tensor.optim.LearningRateSchedule;
import org.jspecify.annotations.Nullable;

/**
 * What a run computes: two runs of the same settings, model, adaptation and data give the same bits
 * on any number of threads.
 *
 * @param steps of the whole run
 * @param batchSizes examples of each step
 * @param learningRate of each step
 * @param adamW the optimizer's constants
 * @param maxGradNorm the bound that the gradients' global norm is clipped to; 0 for none
 * @param compute the type of the computation, F32 or BF16; parameters and optimizer are F32
 * @param mask which positions have loss
 * @param seed of data order, new adapters and dropout
 * @param stepsPerEval steps from one evaluation to the next, where there is data for it
 * @param microBatches how a batch is cut to fit into memory
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
    MicroBatchSettings microBatches) {

  /**
   * How a batch is cut to fit into memory. The cut changes sums in their last bits only.
   *
   * @param maxExamples examples of a micro-batch at most
   * @param maxTokens computed tokens of a micro-batch at most; null for what fits into memory
   * @param checkpointing whether the backward pass computes each block again
   * @param prefixSharing whether a prefix that examples have in common is computed once
   */
  public record MicroBatchSettings(
      int maxExamples,
      @Nullable Integer maxTokens,
      GradientCheckpointing checkpointing,
      boolean prefixSharing) {
    /** As large as fits into memory, with prefix sharing. */
    public static final MicroBatchSettings DEFAULT =
        new MicroBatchSettings(Integer.MAX_VALUE, null, GradientCheckpointing.AUTO, true);
  }

  /**
   * A constant learning rate without weight decay, gradients clipped to a norm of 1, computed in
   * F32; loss on the answers alone; seed 0.
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
        MicroBatchSettings.DEFAULT);
  }

  /** The same with another compute type, F32 or BF16. */
  public TrainSettings withCompute(DType other) {
    return new TrainSettings(
        steps,
        batchSizes,
        learningRate,
        adamW,
        maxGradNorm,
        other,
        mask,
        seed,
        stepsPerEval,
        microBatches);
  }

  /** The same with another seed. */
  public TrainSettings withSeed(long other) {
    return new TrainSettings(
        steps,
        batchSizes,
        learningRate,
        adamW,
        maxGradNorm,
        compute,
        mask,
        other,
        stepsPerEval,
        microBatches);
  }

  /** The same with an evaluation after every {@code other} steps. */
  public TrainSettings withStepsPerEval(int other) {
    return new TrainSettings(
        steps,
        batchSizes,
        learningRate,
        adamW,
        maxGradNorm,
        compute,
        mask,
        seed,
        other,
        microBatches);
  }

  /** The same with loss on other positions. */
  public TrainSettings withMask(LossMask other) {
    return new TrainSettings(
        steps,
        batchSizes,
        learningRate,
        adamW,
        maxGradNorm,
        compute,
        other,
        seed,
        stepsPerEval,
        microBatches);
  }

  /** The same with batches cut in another way. */
  public TrainSettings withMicroBatches(MicroBatchSettings other) {
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
        other);
  }

  /** The learning rate by step. */
  public LearningRateSchedule schedule() {
    return new LearningRateSchedule(steps, learningRate);
  }
}
