package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static org.bayu.tensor.internal.kernels.vector.Lanes.F32;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;
import static org.bayu.tensor.internal.kernels.vector.Lanes.load;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Kernels that return one number. Each lane of each accumulator sums its own elements in ascending
 * order, and so does a scalar those that fill no vector; accumulators, lanes and then the scalar
 * are joined in a fixed order.
 *
 * <p>Outside of the main loops vectors are loaded by the JDK's own methods: a helper of ours that
 * was compiled before is not inlined where it is called seldom, and its vector is an object then.
 */
final class Reduction {
  private Reduction() {}

  static float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
    Lanes.requireNative(a, b);
    var sum0 = FloatVector.zero(F32);
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
    for (; i <= n - LENGTH; i += LENGTH) {
      var x = fromMemorySegment(F32, a, aAt + 4L * i, LITTLE_ENDIAN);
      sum0 = x.fma(fromMemorySegment(F32, b, bAt + 4L * i, LITTLE_ENDIAN), sum0);
    }
    var rest = 0f;
    for (; i < n; i++) {
      rest = Math.fma(get(a, aAt, i), get(b, bAt, i), rest);
    }
    return Lanes.sum(sum0.add(sum1).add(sum2.add(sum3))) + rest;
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
    var rest = 0.0;
    for (; i < n; i++) {
      var value = (double) get(x, xAt, i);
      rest += value * value;
    }
    return Lanes.sum(sum0.add(sum1)) + rest;
  }

  static float max(MemorySegment x, long xAt, int n) {
    Lanes.requireNative(x);
    var max = FloatVector.broadcast(F32, Float.NEGATIVE_INFINITY);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      max = max.max(load(x, xAt, i));
    }
    var rest = Float.NEGATIVE_INFINITY;
    for (; i < n; i++) {
      rest = Math.max(rest, get(x, xAt, i));
    }
    return Math.max(Lanes.max(max), rest);
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
    var rest = 0.0;
    for (; i < n; i++) {
      rest += get(x, xAt, i);
    }
    return Lanes.sum(sum0.add(sum1)) + rest;
  }

  /** Σ a·b·c, the gradient that a normalisation's scale receives. */
  static float dot(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment c, long cAt, int n) {
    Lanes.requireNative(a, b, c);
    var sum0 = FloatVector.zero(F32);
    var sum1 = sum0;
    var i = 0;
    for (; i <= n - 2 * LENGTH; i += 2 * LENGTH) {
      sum0 = load(a, aAt, i).mul(load(b, bAt, i)).fma(load(c, cAt, i), sum0);
      sum1 =
          load(a, aAt, i + LENGTH)
              .mul(load(b, bAt, i + LENGTH))
              .fma(load(c, cAt, i + LENGTH), sum1);
    }
    if (i <= n - LENGTH) {
      var product =
          fromMemorySegment(F32, a, aAt + 4L * i, LITTLE_ENDIAN)
              .mul(fromMemorySegment(F32, b, bAt + 4L * i, LITTLE_ENDIAN));
      sum0 = product.fma(fromMemorySegment(F32, c, cAt + 4L * i, LITTLE_ENDIAN), sum0);
      i += LENGTH;
    }
    var rest = 0f;
    for (; i < n; i++) {
      rest = Math.fma(get(a, aAt, i) * get(b, bAt, i), get(c, cAt, i), rest);
    }
    return Lanes.sum(sum0.add(sum1)) + rest;
  }

  private static float get(MemorySegment segment, long at, int index) {
    return segment.get(JAVA_FLOAT_UNALIGNED, at + 4L * index);
  }

  /** The lower half of the lanes (part 0) or the upper (1), exact. */
  private static DoubleVector doubles(FloatVector value, int part) {
    return (DoubleVector) value.convertShape(VectorOperators.F2D, Lanes.F64, part);
  }
}
