package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;

/** {@link CacheKernels} as plain loops over F32, with sums in double. */
public final class ScalarCacheKernels implements CacheKernels {
  /** The one instance. */
  public static final ScalarCacheKernels INSTANCE = new ScalarCacheKernels();

  private ScalarCacheKernels() {}

  @Override
  public boolean fits(DType type, int headDim) {
    return type == DType.F32;
  }

  @Override
  public void multiplyRows(
      int rows,
      MemorySegment a,
      long aAt,
      int headDim,
      DType type,
      MemorySegment x,
      long xAt,
      long stride,
      int keys,
      MemorySegment scores,
      long scoresAt,
      int scoresStride) {
    for (var row = 0; row < rows; row++) {
      for (var key = 0; key < keys; key++) {
        var sum = 0.0;
        for (var i = 0; i < headDim; i++) {
          var left = get(a, aAt + 4L * ((long) row * headDim + i));
          sum += (double) left * get(x, xAt + key * stride + 4L * i);
        }
        set(scores, scoresAt + 4L * ((long) row * scoresStride + key), sum);
      }
    }
  }

  @Override
  public void addRows(
      int rows,
      MemorySegment weights,
      long weightsAt,
      int weightsStride,
      int headDim,
      DType type,
      MemorySegment x,
      long xAt,
      long stride,
      int keys,
      MemorySegment sums,
      long sumsAt) {
    for (var row = 0; row < rows; row++) {
      for (var i = 0; i < headDim; i++) {
        var sum = 0.0;
        for (var key = 0; key < keys; key++) {
          var weight = get(weights, weightsAt + 4L * ((long) row * weightsStride + key));
          sum += (double) weight * get(x, xAt + key * stride + 4L * i);
        }
        set(sums, sumsAt + 4L * ((long) row * headDim + i), sum);
      }
    }
  }

  private static float get(MemorySegment segment, long at) {
    return segment.get(JAVA_FLOAT_UNALIGNED, at);
  }

  private static void set(MemorySegment segment, long at, double value) {
    segment.set(JAVA_FLOAT_UNALIGNED, at, (float) value);
  }
}
