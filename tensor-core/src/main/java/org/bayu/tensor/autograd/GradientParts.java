package org.bayu.tensor.autograd;

import org.bayu.tensor.Tensor;

/**
 * How several processes keep a part of every gradient each. Then every addition to a gradient is
 * summed over the processes, and all of them make the same additions in the same order.
 */
public interface GradientParts {
  /** The first element of this process's part of so many. */
  long from(long elements);

  /** The one after its last. */
  long to(long elements);

  /**
   * Makes this process's part of an addition the sum over all processes.
   *
   * @param weight its place in the list of weights
   * @param addition F32, of the weight's shape; the other parts are undefined then. Without memory
   *     in a dry run.
   */
  void sum(int weight, Tensor addition);
}
