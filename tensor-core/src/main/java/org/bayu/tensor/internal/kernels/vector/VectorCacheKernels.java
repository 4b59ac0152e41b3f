package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.bayu.tensor.internal.kernels.vector.Lanes.F32;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;
import static org.bayu.tensor.internal.kernels.vector.Lanes.load;
import static org.bayu.tensor.internal.kernels.vector.Lanes.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.CacheKernels;

/**
 * {@link CacheKernels} on the Vector API, over F32. A score's lanes are a chain each, and what
 * fills no vector is another; all forms sum them in the same order.
 */
public final class VectorCacheKernels implements CacheKernels {
  /** The one instance. */
  public static final VectorCacheKernels INSTANCE = new VectorCacheKernels();

  /** Rows, or keys, that are multiplied together. */
  private static final int TOGETHER = 4;

  private VectorCacheKernels() {}

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
    Lanes.requireNative(a, x, scores);
    var rowBytes = 4L * headDim;
    var row = 0;
    for (; row <= rows - TOGETHER; row += TOGETHER) {
      for (var key = 0; key < keys; key++) {
        var to = scoresAt + 4L * ((long) row * scoresStride + key);
        // The four products of one vector of both with different others are the same loop.
        dots(
            x,
            xAt + key * stride,
            a,
            aAt + row * rowBytes,
            rowBytes,
            headDim,
            scores,
            to,
            4L * scoresStride);
      }
    }
    for (; row < rows; row++) {
      var to = scoresAt + 4L * row * scoresStride;
      var key = 0;
      for (; key <= keys - TOGETHER; key += TOGETHER) {
        dots(
            a,
            aAt + row * rowBytes,
            x,
            xAt + key * stride,
            stride,
            headDim,
            scores,
            to + 4L * key,
            4);
      }
      for (; key < keys; key++) {
        dot(a, aAt + row * rowBytes, x, xAt + key * stride, headDim, scores, to + 4L * key);
      }
    }
  }

  /** The products of one vector with four others, {@code stride} bytes apart. */
  private static void dots(
      MemorySegment one,
      long oneAt,
      MemorySegment four,
      long fourAt,
      long stride,
      int n,
      MemorySegment to,
      long toAt,
      long toStride) {
    var at1 = fourAt + stride;
    var at2 = at1 + stride;
    var at3 = at2 + stride;
    var sum0 = FloatVector.zero(F32);
    var sum1 = sum0;
    var sum2 = sum0;
    var sum3 = sum0;
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var left = load(one, oneAt, i);
      sum0 = left.fma(load(four, fourAt, i), sum0);
      sum1 = left.fma(load(four, at1, i), sum1);
      sum2 = left.fma(load(four, at2, i), sum2);
      sum3 = left.fma(load(four, at3, i), sum3);
    }
    set(to, toAt, Lanes.sum(sum0) + rest(one, oneAt, four, fourAt, i, n));
    set(to, toAt + toStride, Lanes.sum(sum1) + rest(one, oneAt, four, at1, i, n));
    set(to, toAt + 2 * toStride, Lanes.sum(sum2) + rest(one, oneAt, four, at2, i, n));
    set(to, toAt + 3 * toStride, Lanes.sum(sum3) + rest(one, oneAt, four, at3, i, n));
  }

  private static void dot(
      MemorySegment a, long aAt, MemorySegment b, long bAt, int n, MemorySegment to, long toAt) {
    var sum = FloatVector.zero(F32);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      sum = load(a, aAt, i).fma(load(b, bAt, i), sum);
    }
    set(to, toAt, Lanes.sum(sum) + rest(a, aAt, b, bAt, i, n));
  }

  private static float rest(MemorySegment a, long aAt, MemorySegment b, long bAt, int from, int n) {
    var rest = 0f;
    for (var i = from; i < n; i++) {
      rest = Math.fma(get(a, aAt + 4L * i), get(b, bAt + 4L * i), rest);
    }
    return rest;
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
    Lanes.requireNative(weights, x, sums);
    for (var row = 0; row < rows; row++) {
      var from = weightsAt + 4L * row * weightsStride;
      var to = sumsAt + 4L * row * headDim;
      var i = 0;
      for (; i <= headDim - TOGETHER * LENGTH; i += TOGETHER * LENGTH) {
        fourVectors(weights, from, x, xAt + 4L * i, stride, keys, sums, to + 4L * i);
      }
      for (; i <= headDim - LENGTH; i += LENGTH) {
        oneVector(weights, from, x, xAt + 4L * i, stride, keys, sums, to + 4L * i);
      }
      for (; i < headDim; i++) {
        var sum = 0f;
        for (var key = 0; key < keys; key++) {
          sum = Math.fma(get(weights, from + 4L * key), get(x, xAt + key * stride + 4L * i), sum);
        }
        set(sums, to + 4L * i, sum);
      }
    }
  }

  private static void fourVectors(
      MemorySegment weights,
      long weightsAt,
      MemorySegment x,
      long xAt,
      long stride,
      int keys,
      MemorySegment sums,
      long sumsAt) {
    var sum0 = FloatVector.zero(F32);
    var sum1 = sum0;
    var sum2 = sum0;
    var sum3 = sum0;
    var at = xAt;
    for (var key = 0; key < keys; key++) {
      var weight = FloatVector.broadcast(F32, get(weights, weightsAt + 4L * key));
      sum0 = weight.fma(load(x, at, 0), sum0);
      sum1 = weight.fma(load(x, at, LENGTH), sum1);
      sum2 = weight.fma(load(x, at, 2 * LENGTH), sum2);
      sum3 = weight.fma(load(x, at, 3 * LENGTH), sum3);
      at += stride;
    }
    store(sum0, sums, sumsAt, 0);
    store(sum1, sums, sumsAt, LENGTH);
    store(sum2, sums, sumsAt, 2 * LENGTH);
    store(sum3, sums, sumsAt, 3 * LENGTH);
  }

  private static void oneVector(
      MemorySegment weights,
      long weightsAt,
      MemorySegment x,
      long xAt,
      long stride,
      int keys,
      MemorySegment sums,
      long sumsAt) {
    var sum = FloatVector.zero(F32);
    var at = xAt;
    for (var key = 0; key < keys; key++) {
      var weight = FloatVector.broadcast(F32, get(weights, weightsAt + 4L * key));
      sum = weight.fma(load(x, at, 0), sum);
      at += stride;
    }
    store(sum, sums, sumsAt, 0);
  }

  private static float get(MemorySegment segment, long at) {
    return segment.get(JAVA_FLOAT_UNALIGNED, at);
  }

  private static void set(MemorySegment segment, long at, float value) {
    segment.set(JAVA_FLOAT_UNALIGNED, at, value);
  }
}
