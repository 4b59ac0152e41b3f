package org.bayu.train.plan;

import java.util.Locale;

/**
 * What a run needs of memory, in bytes by part, and with what settings.
 *
 * @param parameters of the model, adapter included
 * @param trainable those that are trained
 * @param step what a step was seen to have
 * @param maxTokens distinct tokens in a micro-batch at most
 * @param checkpointing whether the backward pass computes each block again
 * @param mappedBytes of weights in files, which need not all be in memory
 * @param workspaceBytes activations and their gradients, of the largest micro-batch seen
 * @param scratchBytes what single ops need, and more workspace where a micro-batch may be larger
 *     than the largest seen
 * @param mergingBytes of the greatest matrix that an adapter is merged into
 * @param jvmBytes the Java heap and the JVM's own
 */
public record MemoryPlan(
    long parameters,
    long trainable,
    StepTokens step,
    int maxTokens,
    boolean checkpointing,
    long mappedBytes,
    long workspaceBytes,
    long scratchBytes,
    long mergingBytes,
    long heapBytes,
    long jvmBytes) {
  /** Share of the available memory that is planned with: the rest is for what is not foreseen. */
  private static final double USABLE = 0.95;

  /** Recomputing a block's forward pass: a third of forward and backward pass. */
  private static final double RECOMPUTING = 4.0 / 3;

  /**
   * A step on average.
   *
   * @param batches that were looked at
   * @param tokens of the examples as they are
   * @param distinct tokens that are computed
   */
  public record StepTokens(
      int batches, double examples, double tokens, double distinct, double microBatches) {}

  /** Trainable parameters' own values, F32. */
  public long trainableBytes() {
    return 4 * trainable;
  }

  /** Their gradients, F32. */
  public long gradientBytes() {
    return 4 * trainable;
  }

  /** AdamW's two numbers for each, F32. */
  public long optimizerBytes() {
    return 8 * trainable;
  }

  /** All that is of no file and has to be in memory. */
  public long anonymousBytes() {
    return trainableBytes()
        + gradientBytes()
        + optimizerBytes()
        + workspaceBytes
        + scratchBytes
        + mergingBytes
        + heapBytes
        + jvmBytes;
  }

  /** Whether it can be had: the anonymous part decides. */
  public boolean fits(MachineMemory machine) {
    return anonymousBytes() <= usable(machine);
  }

  /** What is missing where it cannot be had: a sentence. */
  public String shortage(MachineMemory machine) {
    return "This run needs %s of memory beside the mapped weights, and %s of %s can be had."
        .formatted(gib(anonymousBytes()), gib(machine.availableBytes()), gib(machine.totalBytes()));
  }

  /** Whether the mapped weights, which every pass reads, stay in memory beside the rest. */
  public boolean keepsWeights(MachineMemory machine) {
    // Where all are trained their copies are read, not the files.
    return trainable >= parameters || anonymousBytes() + mappedBytes <= usable(machine);
  }

  private static long usable(MachineMemory machine) {
    return (long) (USABLE * (double) machine.availableBytes());
  }

  /** The work of a step, for comparison: tokens, with what checkpointing computes again. */
  double cost() {
    return step.distinct * (checkpointing ? RECOMPUTING : 1);
  }

  /** A measured peak beside what was planned, in a line. */
  public String beside(long peakBytes) {
    return "Memory: at most %s, planned %s.".formatted(gib(peakBytes), gib(anonymousBytes()));
  }

  /** Bytes as text. */
  public static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.2f GiB", (double) bytes / (1 << 30));
  }
}
