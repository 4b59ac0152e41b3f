package org.bayu.train;

/**
 * In which order the gradients of all weights are summed. An adapter's have an order of its own.
 */
public enum GradientSums {
  /**
   * Those of each micro-batch one after the other: the same bits for any number of processes, which
   * exchange them in every micro-batch.
   */
  MICRO_BATCHES,

  /** Each process sums those of its micro-batches; these sums are exchanged once in a step. */
  PROCESSES;

  /**
   * Whether a process with so many threads computes on while it sends gradients. Sending takes a
   * thread of its own: with one thread, and one core for it, computing would wait for it anyway.
   */
  public static boolean overlap(int threads) {
    return threads > 1;
  }
}
