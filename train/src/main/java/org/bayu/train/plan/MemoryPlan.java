package org.bayu.train.plan;

import java.util.Locale;
import org.bayu.train.GradientCheckpointing;

/**
 * An estimate of a run's memory, in bytes, and the settings that it is for.
 *
 * @param parameters number of parameters of the model, adapter included
 * @param trainable number of trained parameters
 * @param step averages of the steps that were looked at
 * @param maxTokens the most distinct tokens of a micro-batch
 * @param layers blocks of the model
 * @param recomputed of how many of them the backward pass computes the forward pass again; the
 *     others keep their activations
 * @param trainableBytes of the trained parameters' own values, F32 or BF16
 * @param masterBytes of the F32 values from which BF16 ones follow, those of one of several
 *     processes
 * @param gradientBytes of the gradients of the trained parameters; with an adapter also of the sums
 *     of micro-batches that are kept apart
 * @param gradientParts whether the additions of each micro-batch to the gradients are summed at
 *     once, and each of several processes keeps only its part of the gradients
 * @param optimizerBytes of AdamW's two moments of the trained parameters; of several processes
 *     those of one
 * @param mappedBytes of the mapped weights, which need not all be in memory
 * @param copiedBytes of the frozen weights that cannot be mapped
 * @param workspaceBytes activations and their gradients, for the largest micro-batch that was
 *     looked at
 * @param scratchBytes for single ops, and a margin of workspace if there may be a larger
 *     micro-batch
 * @param mergingBytes of the greatest matrix that an adapter is merged into, or that a checkpoint
 *     collects from several processes
 * @param predictionBytes of what is generated at evaluations: keys and values, and activations
 * @param jvmBytes the Java heap and the JVM's own
 */
public record MemoryPlan(
    long parameters,
    long trainable,
    StepTokens step,
    int maxTokens,
    int layers,
    int recomputed,
    long trainableBytes,
    long masterBytes,
    long gradientBytes,
    boolean gradientParts,
    long optimizerBytes,
    long mappedBytes,
    long copiedBytes,
    long workspaceBytes,
    long scratchBytes,
    long mergingBytes,
    long predictionBytes,
    long heapBytes,
    long jvmBytes) {
  /** Share of the available memory that is planned with: the rest is for what is not foreseen. */
  private static final double USABLE = 0.95;

  /**
   * What computing a block again costs, as a share of its forward and backward pass. The forward
   * pass is a third of both where the weights' gradients are computed too, and half where the
   * weights are frozen. Of that the MLP's last product, some 22 %, is not computed again.
   */
  private static final double AGAIN = 0.26;

  private static final double AGAIN_OF_FROZEN = 0.39;

  /**
   * What a micro-batch costs whatever its size, in tokens: all weights are read and packed. An
   * estimate.
   */
  private static final double TOKENS_OF_WEIGHTS = 100;

  /**
   * A step on average.
   *
   * @param batches that were looked at
   * @param tokens of the examples as they are
   * @param distinct tokens that are computed
   */
  public record StepTokens(
      int batches, double examples, double tokens, double distinct, double microBatches) {}

  /** The bytes that must be in memory: everything except the mapped files. */
  public long anonymousBytes() {
    return trainableBytes
        + masterBytes
        + gradientBytes
        + optimizerBytes
        + copiedBytes
        + workspaceBytes
        + scratchBytes
        + mergingBytes
        + predictionBytes
        + heapBytes
        + jvmBytes;
  }

  /** Whether the anonymous bytes fit into the free memory. */
  public boolean fits(MachineMemory machine) {
    return anonymousBytes() <= usable(machine);
  }

  /** A sentence that says how much is missing. */
  public String shortage(MachineMemory machine) {
    return "This run needs %s of memory beside the mapped weights, and %s of %s are available."
        .formatted(gib(anonymousBytes()), gib(machine.availableBytes()), gib(machine.totalBytes()));
  }

  /** Whether the mapped weights, which every pass reads, fit into memory beside the rest. */
  public boolean keepsWeights(MachineMemory machine) {
    // Where all are trained their copies are read, not the files.
    return trainable >= parameters || anonymousBytes() + mappedBytes <= usable(machine);
  }

  private static long usable(MachineMemory machine) {
    return (long) (USABLE * (double) machine.availableBytes());
  }

  /**
   * The time of a step, for comparison, in tokens: those that are computed, what the micro-batches
   * cost, and what is computed again.
   */
  double cost() {
    var share = trainable >= parameters ? AGAIN : AGAIN_OF_FROZEN;
    var again = share * recomputed / layers;
    return (step.distinct + TOKENS_OF_WEIGHTS * step.microBatches) * (1 + again);
  }

  /** The setting that gives this plan's number of recomputed blocks. */
  public GradientCheckpointing checkpointing() {
    return GradientCheckpointing.of(recomputed, layers);
  }

  /** A line with a measured peak and the plan. */
  public String beside(long peakBytes) {
    return "Memory: at most %s, planned %s.".formatted(gib(peakBytes), gib(anonymousBytes()));
  }

  /** Bytes as text. */
  public static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.2f GiB", (double) bytes / (1 << 30));
  }
}
