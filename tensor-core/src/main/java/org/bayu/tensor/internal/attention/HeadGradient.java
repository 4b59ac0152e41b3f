package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.jspecify.annotations.Nullable;

/** The gradient in q, k or v, if it is wanted: heads side by side, [rows, heads·headDim]. */
final class HeadGradient {
  private final AttentionCall call;
  private final @Nullable GradientTarget target;
  private final FloatOutput output;

  HeadGradient(AttentionCall call, @Nullable GradientTarget target) {
    this.call = call;
    this.target = target;
    this.output = new FloatOutput(call.device(), target, call.headDim());
  }

  boolean isWanted() {
    return target != null;
  }

  /** The gradient if it is wanted and has no contents to be added to. */
  @Nullable Tensor overwritten() {
    return target == null || target.accumulate() ? null : target.tensor();
  }

  /** Makes the rows from {@code row} on zero, to which no task will bring any. */
  void zeroFrom(int row) {
    var tensor = overwritten();
    if (tensor != null) {
      tensor.slice(row, tensor.rows()).zero();
    }
  }

  /**
   * Brings {@code rows} rows of sums, which it multiplies with {@code factor}, to a head, from
   * {@code row} on.
   *
   * @param stride bytes from one row of sums to the next
   */
  void store(
      int worker,
      int head,
      int row,
      int rows,
      float factor,
      MemorySegment sums,
      long at,
      long stride) {
    if (target == null) {
      return;
    }
    var headDim = call.headDim();
    var columns = target.tensor().columns();
    var memory = output.memory(worker);
    for (var i = 0; i < rows; i++) {
      var rowAt = at + i * stride;
      call.device().kernels().scale(factor, sums, rowAt, headDim);
      var element = (long) (row + i) * columns + (long) head * headDim;
      output.store(memory, element, headDim, sums, rowAt);
    }
  }
}
