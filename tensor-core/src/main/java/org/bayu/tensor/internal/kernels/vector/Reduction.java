package org.bayu.tensor.internal.kernels.vector;

import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;
import static org.bayu.tensor.internal.kernels.vector.Lanes.load;
import static org.bayu.tensor.internal.kernels.vector.Lanes.tail;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Kernels that return one number. Each lane of each accumulator sums its own elements in ascending
 * order; accumulators and then lanes are joined in a fixed order. The masked tail adds zeros.
 */
final class Reduction {
  private Reduction() {}

  static float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
    Lanes.requireNative(a, b);
    var sum0 = FloatVector.zero(Lanes.F32);
    var sum1 = sum0;
    var sum2 = sum0;
    var sum3 = sum0;
    var i = 0;
    for (; i <= n - 4 * LENGTH; i += 4 * LENGTH) {
      sum0 = load(a, aAt, i).fma(load(b, bAt, i), sum0);
      sum1 = load(a, aAt, i + LENGTH).fma(load(b, bAt, i + LENGTH), sum1);
      sum2 = load(a, aAt, i + 2 * LENGTH).fma(load(b, bAt, i + 2 * LENGTH), sum2);
      sum3 = load(a, aAt, i + 3 * LENGTH).fma(load(b, bAt, i + 3 * LENGTH), sum3);
    }
    for (; i < n; i += LENGTH) {
      var mask = tail(i, n);
      sum0 = load(a, aAt, i, mask).fma(load(b, bAt, i, mask), sum0);
    }
    return Lanes.sum(sum0.add(sum1).add(sum2.add(sum3)));
  }

  static double sumOfSquares(MemorySegment x, long xAt, int n) {
    Lanes.requireNative(x);
    var sum0 = DoubleVector.zero(Lanes.F64);
    var sum1 = sum0;
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var value = load(x, xAt, i);
      var first = doubles(value, 0);
      var second = doubles(value, 1);
      sum0 = first.fma(first, sum0);
      sum1 = second.fma(second, sum1);
    }
    if (i < n) {
      var value = load(x, xAt, i, tail(i, n));
      var first = doubles(value, 0);
      var second = doubles(value, 1);
      sum0 = first.fma(first, sum0);
      sum1 = second.fma(second, sum1);
    }
    return Lanes.sum(sum0.add(sum1));
  }

  static float max(MemorySegment x, long xAt, int n) {
    Lanes.requireNative(x);
    var max = FloatVector.broadcast(Lanes.F32, Float.NEGATIVE_INFINITY);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      max = max.max(load(x, xAt, i));
    }
    if (i < n) {
      var mask = tail(i, n);
      max = max.lanewise(VectorOperators.MAX, load(x, xAt, i, mask), mask);
    }
    return Lanes.max(max);
  }

  static double sum(MemorySegment x, long xAt, int n) {
    Lanes.requireNative(x);
    var sum0 = DoubleVector.zero(Lanes.F64);
    var sum1 = sum0;
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var value = load(x, xAt, i);
      sum0 = sum0.add(doubles(value, 0));
      sum1 = sum1.add(doubles(value, 1));
    }
    if (i < n) {
      var value = load(x, xAt, i, tail(i, n));
      sum0 = sum0.add(doubles(value, 0));
      sum1 = sum1.add(doubles(value, 1));
    }
    return Lanes.sum(sum0.add(sum1));
  }

  /** Σ a·b·c, the gradient that a normalisation's scale receives. */
  static float dot(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment c, long cAt, int n) {
    Lanes.requireNative(a, b, c);
    var sum0 = FloatVector.zero(Lanes.F32);
    var sum1 = sum0;
    var i = 0;
    for (; i <= n - 2 * LENGTH; i += 2 * LENGTH) {
      sum0 = load(a, aAt, i).mul(load(b, bAt, i)).fma(load(c, cAt, i), sum0);
      sum1 =
          load(a, aAt, i + LENGTH)
              .mul(load(b, bAt, i + LENGTH))
              .fma(load(c, cAt, i + LENGTH), sum1);
    }
    for (; i < n; i += LENGTH) {
      var mask = tail(i, n);
      sum0 = load(a, aAt, i, mask).mul(load(b, bAt, i, mask)).fma(load(c, cAt, i, mask), sum0);
    }
    return Lanes.sum(sum0.add(sum1));
  }

  /** The lower half of the lanes (part 0) or the upper (1), exact. */
  private static DoubleVector doubles(FloatVector value, int part) {
    return (DoubleVector) value.convertShape(VectorOperators.F2D, Lanes.F64, part);
  }
}
