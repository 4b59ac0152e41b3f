package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;
import static org.bayu.tensor.internal.kernels.vector.Lanes.load;
import static org.bayu.tensor.internal.kernels.vector.Lanes.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.bayu.tensor.internal.kernels.ScalarKernels;

/**
 * Kernels whose element i depends on the operands' elements i alone. The tail is scalar, of the
 * same bits.
 */
final class Pointwise {
  private static final ScalarKernels SCALAR = ScalarKernels.INSTANCE;

  private Pointwise() {}

  private static float get(MemorySegment segment, long at, int index) {
    return segment.get(JAVA_FLOAT_UNALIGNED, at + 4L * index);
  }

  private static void set(MemorySegment segment, long at, int index, float value) {
    segment.set(JAVA_FLOAT_UNALIGNED, at + 4L * index, value);
  }

  static void add(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    Lanes.requireNative(a, b, y);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      store(load(a, aAt, i).add(load(b, bAt, i)), y, yAt, i);
    }
    if (i < n) {
      var at = 4L * i;
      SCALAR.add(a, aAt + at, b, bAt + at, y, yAt + at, n - i);
    }
  }

  static void multiply(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    Lanes.requireNative(a, b, y);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      store(load(a, aAt, i).mul(load(b, bAt, i)), y, yAt, i);
    }
    if (i < n) {
      var at = 4L * i;
      SCALAR.multiply(a, aAt + at, b, bAt + at, y, yAt + at, n - i);
    }
  }

  /** y += alpha·x, fused. */
  static void addScaled(float alpha, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
    Lanes.requireNative(x, y);
    var factor = FloatVector.broadcast(Lanes.F32, alpha);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      store(factor.fma(load(x, xAt, i), load(y, yAt, i)), y, yAt, i);
    }
    if (i < n) {
      var at = 4L * i;
      SCALAR.addScaled(alpha, x, xAt + at, y, yAt + at, n - i);
    }
  }

  static void scale(float alpha, MemorySegment x, long xAt, int n) {
    Lanes.requireNative(x);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      store(load(x, xAt, i).mul(alpha), x, xAt, i);
    }
    if (i < n) {
      SCALAR.scale(alpha, x, xAt + 4L * i, n - i);
    }
  }

  /** y = x·factor·weight. */
  static void scaleAndMultiply(
      float factor,
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment y,
      long yAt,
      int n) {
    Lanes.requireNative(x, weight, y);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      store(load(x, xAt, i).mul(factor).mul(load(weight, weightAt, i)), y, yAt, i);
    }
    for (; i < n; i++) {
      set(y, yAt, i, get(x, xAt, i) * factor * get(weight, weightAt, i));
    }
  }

  /** dx = factor·(dy·weight − c·x). */
  static void scaleGradient(
      float factor,
      float c,
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment dy,
      long dyAt,
      MemorySegment dx,
      long dxAt,
      int n) {
    Lanes.requireNative(x, weight);
    Lanes.requireNative(dy, dx);
    var minusC = FloatVector.broadcast(Lanes.F32, -c);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var g = load(dy, dyAt, i).mul(load(weight, weightAt, i));
      store(minusC.fma(load(x, xAt, i), g).mul(factor), dx, dxAt, i);
    }
    for (; i < n; i++) {
      var g = get(dy, dyAt, i) * get(weight, weightAt, i);
      set(dx, dxAt, i, Math.fma(-c, get(x, xAt, i), g) * factor);
    }
  }

  static void rotate(
      MemorySegment x,
      long xAt,
      MemorySegment cos,
      MemorySegment sin,
      long tableAt,
      MemorySegment y,
      long yAt,
      int half,
      float sign) {
    Lanes.requireNative(x, y);
    Lanes.requireNative(cos, sin);
    var xSecond = xAt + 4L * half;
    var ySecond = yAt + 4L * half;
    var i = 0;
    for (; i <= half - LENGTH; i += LENGTH) {
      var c = load(cos, tableAt, i);
      var s = load(sin, tableAt, i).mul(sign);
      var a = load(x, xAt, i);
      var b = load(x, xSecond, i);
      store(b.neg().fma(s, a.mul(c)), y, yAt, i);
      store(a.fma(s, b.mul(c)), y, ySecond, i);
    }
    for (; i < half; i++) {
      var c = get(cos, tableAt, i);
      var s = get(sin, tableAt, i) * sign;
      var a = get(x, xAt, i);
      var b = get(x, xSecond, i);
      set(y, yAt, i, Math.fma(-b, s, a * c));
      set(y, ySecond, i, Math.fma(a, s, b * c));
    }
  }
}
