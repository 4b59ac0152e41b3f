package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.internal.kernels.Zeros;
import org.bayu.tensor.internal.kernels.gemm.Matrix;

/** Packs element by element: for matrices neither of whose strides is 1. */
final class SlowPacking {
  private SlowPacking() {}

  /** Packs the lanes (rows) of {@code matrix}, some of its columns as k. */
  static void pack(
      Step step,
      Matrix matrix,
      int lane,
      int lanes,
      int from,
      int k,
      MemorySegment to,
      long at,
      int width) {
    var elements = step.elements();
    var steps = (k + elements - 1) / elements;
    Zeros.fill(to, at, 4L * steps * width);
    for (var i = 0; i < lanes; i++) {
      for (var l = 0; l < k; l++) {
        var value = get(matrix, matrix.byteAt(lane + i, from + l));
        var place = at + 4 * ((long) l / elements * width + i);
        switch (step) {
          case F32 -> to.set(JAVA_FLOAT_UNALIGNED, place, value);
          case BFLOAT16_PAIR ->
              to.set(JAVA_SHORT_UNALIGNED, place + 2L * (l % 2), BFloat16.fromFloat(value));
          case BFLOAT16_AS_F32 -> to.set(JAVA_FLOAT_UNALIGNED, place, BFloat16.round(value));
        }
      }
    }
  }

  static float get(Matrix matrix, long at) {
    return switch (matrix.dtype()) {
      case F32 -> matrix.data().get(JAVA_FLOAT_UNALIGNED, at);
      case BF16 -> BFloat16.toFloat(matrix.data().get(JAVA_SHORT_UNALIGNED, at));
      case F16 -> Float.float16ToFloat(matrix.data().get(JAVA_SHORT_UNALIGNED, at));
      case I32, U8 -> throw new IllegalArgumentException("a product of I32");
    };
  }
}
