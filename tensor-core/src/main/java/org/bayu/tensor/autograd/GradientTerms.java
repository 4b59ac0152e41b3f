package org.bayu.tensor.autograd;

import java.lang.foreign.MemorySegment;
import java.util.function.LongUnaryOperator;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.Split;

/** What backward passes add to a gradient. The sums of a BF16 one are rounded stochastically. */
final class GradientTerms implements GradientParts.Sum {
  /** What {@link #add} needs. */
  static final long SCRATCH_BYTES = (long) Float.BYTES * Split.ELEMENTS;

  private final CpuDevice device;
  private final Tensor gradient;
  private final Tensor addition;
  private final long first;
  private final boolean fresh;
  private final LongUnaryOperator keys;
  private final MemorySegment scratch;

  /**
   * Terms.
   *
   * @param gradient a whole one or a part, F32 or BF16
   * @param addition of this process, F32
   * @param first the weight's element whose gradient is the first
   * @param fresh whether the gradient counts as zero
   * @param keys the random bits of a term's sums
   * @param scratch for the one thread that adds pieces
   */
  GradientTerms(
      CpuDevice device,
      Tensor gradient,
      Tensor addition,
      long first,
      boolean fresh,
      LongUnaryOperator keys,
      MemorySegment scratch) {
    this.device = device;
    this.gradient = gradient;
    this.addition = addition;
    this.first = first;
    this.fresh = fresh;
    this.keys = keys;
    this.scratch = scratch;
  }

  @Override
  public void addWhole() {
    Split.elements(
        device,
        addition.elements(),
        (from, n, worker) -> {
          var own = device.workers().scratch(worker, scratchBytes(n));
          add(0, addition.data(), from, from, n, own);
        });
  }

  @Override
  public void add(int term, MemorySegment values, long from) {
    var elements = values.byteSize() / Float.BYTES;
    for (var at = 0L; at < elements; at += Split.ELEMENTS) {
      var n = (int) Math.min(Split.ELEMENTS, elements - at);
      add(term, values, at, from + at, n, scratch);
    }
  }

  private long scratchBytes(int n) {
    return gradient.dtype() == DType.F32 ? 0 : (long) Float.BYTES * n;
  }

  private void add(int term, MemorySegment values, long at, long from, int n, MemorySegment wide) {
    var kernels = device.kernels();
    var to = gradient.data();
    var bytes = gradient.dtype().bytes() * from;
    var isFirst = fresh && term == 0;
    if (gradient.dtype() == DType.F32) {
      if (isFirst) {
        MemorySegment.copy(values, 4 * at, to, bytes, 4L * n);
      } else {
        kernels.add(to, bytes, values, 4 * at, to, bytes, n);
      }
      return;
    }
    var key = keys.applyAsLong(term);
    if (isFirst) {
      kernels.state().narrow(values, 4 * at, to, bytes, n, key, first + from);
    } else {
      kernels.widen(DType.BF16, to, bytes, wide, 0, n);
      kernels.add(wide, 0, values, 4 * at, wide, 0, n);
      kernels.state().narrow(wide, 0, to, bytes, n, key, first + from);
    }
  }
}
