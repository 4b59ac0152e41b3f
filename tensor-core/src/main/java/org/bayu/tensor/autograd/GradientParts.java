package org.bayu.tensor.autograd;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * How the gradients of all weights are summed in an order that does not depend on the number of
 * processes. Each process keeps a part of every gradient. What a backward pass adds to a gradient
 * is computed apart; then those of all processes are added to the parts one after the other. So all
 * of them come to the same weights in the same order.
 */
public interface GradientParts {
  /** The only process: it has everything. */
  GradientParts WHOLE = new WholeGradients();

  /** The first element of this process's part of so many. */
  long from(long elements);

  /** The one after its last. */
  long to(long elements);

  /** The number of backward passes whose additions are now summed: one for each process at most. */
  int terms();

  /**
   * Adds what all processes have to this process's part of a gradient, in their order. May return
   * before that has happened.
   *
   * @param weight its place in the list of weights
   * @param addition of this process, F32, of the weight's shape; without memory in a dry run. It
   *     must stay as it is until it is returned.
   * @param sum adds to the gradient
   * @return an addition that is needed no more: this one or an earlier one; null if there is none
   */
  @Nullable Tensor add(int weight, Tensor addition, Sum sum);

  /** Where terms are added to a process's part of a gradient. */
  interface Sum {
    /** Adds this process's addition, the only term, by all threads of the device. */
    void addWhole();

    /**
     * Adds a piece of a term; the pieces of a place come in the order of their terms. By this
     * thread alone, while others compute.
     *
     * @param term from 0 on
     * @param values F32
     * @param from the place in the part of the piece's first element
     */
    void add(int term, MemorySegment values, long from);
  }
}
