package org.bayu.tensor.autograd;

import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.Arithmetic;

/**
 * A function that several processes compute together, each a part of the weights: the input goes to
 * all of them, and their outputs are added. Shoeybi et al. 2019, "Megatron-LM: Training
 * Multi-Billion Parameter Language Models Using Model Parallelism".
 *
 * <p>All processes call these ops in the same order, and then have the same values of the sums, bit
 * by bit.
 */
public final class TensorParallel {
  private TensorParallel() {}

  /** Adds over the processes that compute together. */
  @FunctionalInterface
  public interface Sum {
    /**
     * Replaces the elements by their sum over the processes, added in F32 in an order that is the
     * same in all of them, and rounded once. Collective.
     *
     * @param terms F32 or BF16, without gaps, off-heap
     */
    void add(Tensor terms);
  }

  /**
   * y[i] = Σ x[row, i]: adds in F32, in the order of the rows, and rounds once. For a {@link Sum}.
   *
   * @param x F32 or BF16 [terms, n]
   * @param y F32 or BF16 [n]
   * @throws ShapeException if the shapes do not fit
   */
  public static void sumOfRows(Device device, Tensor x, Tensor y) {
    if (x.shape().rank() != 2 || !y.shape().equals(Shape.of(x.dim(1)))) {
      throw new ShapeException("sum of rows: %s of %s".formatted(y, x));
    }
    Arithmetic.sumOfRows((CpuDevice) device, x, y);
  }

  /**
   * Makes x the input of this process's part. Forwards nothing changes. Backwards its gradient, to
   * which the ops after this one have added, becomes the sum over the processes.
   */
  public static void input(Tape tape, Variable x, Sum sum) {
    tape.beforeGradientIsRead("TensorParallel", x, sum::add);
  }

  /**
   * Makes y, the output of this process's part, the sum of the outputs. No op may have read it, nor
   * may its own backward pass read it. Its gradient is that of the sum, so backwards nothing
   * changes.
   */
  public static void output(Tape tape, Variable y, Sum sum) {
    if (!tape.unread()) {
      sum.add(y.value());
      tape.lap("TensorParallel");
    }
  }
}
