package org.bayu.tensor.optim;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.DynamicCode;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.StateKernels.CodedMoments;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * A step's update of one parameter, some elements at a time. Where weights, gradient and moments
 * are F32, it is done in place. What is not F32 is widened to scratch memory and brought back.
 *
 * @param coded the moments if they are codes
 * @param first element that has moments
 * @param skipped elements of the gradient before that
 * @param key of the stochastic rounding
 */
record ParameterUpdate(
    AdamW.State state,
    @Nullable CodedMoments coded,
    Tensor gradient,
    long first,
    long skipped,
    AdamWScalars scalars,
    long key) {
  /** Elements that are decoded, updated and encoded at a time: they stay in the nearest cache. */
  private static final int PIECE = 4 * DynamicCode.BLOCK;

  ParameterUpdate(
      AdamW.State state,
      Tensor gradient,
      long first,
      long skipped,
      AdamWScalars scalars,
      long key) {
    this(state, coded(state), gradient, first, skipped, scalars, key);
  }

  private static @Nullable CodedMoments coded(AdamW.State state) {
    var m = state.mAbsmax();
    var v = state.vAbsmax();
    return m == null || v == null
        ? null
        : new CodedMoments(state.m().data(), m.data(), state.v().data(), v.data());
  }

  /** Updates {@code n} elements from that with the moments of number {@code from} on. */
  void run(Kernels kernels, long from, int n, WorkerPool workers, int worker) {
    if (isPlain()) {
      updateInPlace(kernels, from, n);
    } else {
      var scratch = workers.scratch(worker, 4L * Float.BYTES * PIECE + 64);
      for (var done = 0; done < n; done += PIECE) {
        updatePiece(kernels, from + done, Math.min(PIECE, n - done), scratch);
      }
    }
    if (state.parameter().master() != null) {
      roundMaster(kernels, from, n);
    }
  }

  /** What is updated: the master, or the parameter's value. */
  private Tensor values() {
    var master = state.parameter().master();
    return master == null ? state.parameter().value() : master;
  }

  /** The element of {@link #values} that has the moments of number {@code from}. */
  private long place(long from) {
    return state.parameter().master() == null ? first + from : from;
  }

  private boolean isPlain() {
    return values().dtype() == DType.F32
        && gradient.dtype() == DType.F32
        && state.m().dtype() == DType.F32;
  }

  private void updateInPlace(Kernels kernels, long from, int n) {
    var at = Float.BYTES * from;
    var pAt = Float.BYTES * place(from);
    var gAt = Float.BYTES * (skipped + from);
    var m = state.m().data();
    var v = state.v().data();
    kernels.adamW(values().data(), pAt, gradient.data(), gAt, m, at, v, at, n, scalars);
  }

  private void updatePiece(Kernels kernels, long from, int n, MemorySegment scratch) {
    var gradientPlace = Float.BYTES * (long) PIECE;
    var at = Float.BYTES * from;
    var values = values();
    var element = place(from);
    var p = values.data();
    var pAt = Float.BYTES * element;
    if (values.dtype() == DType.BF16) {
      kernels.widen(DType.BF16, p, 2 * element, scratch, 0, n);
      p = scratch;
      pAt = 0;
    }
    var g = gradient.data();
    var gAt = Float.BYTES * (skipped + from);
    if (gradient.dtype() == DType.BF16) {
      kernels.widen(DType.BF16, g, 2 * (skipped + from), scratch, gradientPlace, n);
      g = scratch;
      gAt = gradientPlace;
    }
    if (coded == null) {
      var m = state.m().data();
      var v = state.v().data();
      kernels.adamW(p, pAt, g, gAt, m, at, v, at, n, scalars);
    } else {
      var codesPlace = 2 * gradientPlace;
      kernels.state().adamW(kernels, p, pAt, g, gAt, coded, from, n, scalars, scratch, codesPlace);
    }
    if (values.dtype() == DType.BF16) {
      kernels.state().narrow(scratch, 0, values.data(), 2 * element, n, key, element);
    }
  }

  /** The value follows from the master, which has been updated. */
  private void roundMaster(Kernels kernels, long from, int n) {
    var value = state.parameter().value();
    var to = value.dtype().bytes() * (first + from);
    kernels.narrow(value.dtype(), values().data(), Float.BYTES * from, value.data(), to, n);
  }
}
