package org.bayu.tensor.internal.kernels.vector;

import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;
import static org.bayu.tensor.internal.kernels.vector.Lanes.load;
import static org.bayu.tensor.internal.kernels.vector.Lanes.store;
import static org.bayu.tensor.internal.kernels.vector.Lanes.tail;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Kernels whose element i depends on the operands' elements i alone. The tail is masked. */
final class Pointwise {
  private Pointwise() {}

  static void add(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    Lanes.requireNative(a, b, y);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      store(load(a, aAt, i).add(load(b, bAt, i)), y, yAt, i);
    }
    if (i < n) {
      var mask = tail(i, n);
      store(load(a, aAt, i, mask).add(load(b, bAt, i, mask)), y, yAt, i, mask);
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
      var mask = tail(i, n);
      store(load(a, aAt, i, mask).mul(load(b, bAt, i, mask)), y, yAt, i, mask);
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
      var mask = tail(i, n);
      store(factor.fma(load(x, xAt, i, mask), load(y, yAt, i, mask)), y, yAt, i, mask);
    }
  }

  static void scale(float alpha, MemorySegment x, long xAt, int n) {
    Lanes.requireNative(x);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      store(load(x, xAt, i).mul(alpha), x, xAt, i);
    }
    if (i < n) {
      var mask = tail(i, n);
      store(load(x, xAt, i, mask).mul(alpha), x, xAt, i, mask);
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
    if (i < n) {
      var mask = tail(i, n);
      var scaled = load(x, xAt, i, mask).mul(factor);
      store(scaled.mul(load(weight, weightAt, i, mask)), y, yAt, i, mask);
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
    if (i < n) {
      var mask = tail(i, n);
      var g = load(dy, dyAt, i, mask).mul(load(weight, weightAt, i, mask));
      store(minusC.fma(load(x, xAt, i, mask), g).mul(factor), dx, dxAt, i, mask);
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
    if (i < half) {
      var mask = tail(i, half);
      var c = load(cos, tableAt, i, mask);
      var s = load(sin, tableAt, i, mask).mul(sign);
      var a = load(x, xAt, i, mask);
      var b = load(x, xSecond, i, mask);
      store(b.neg().fma(s, a.mul(c)), y, yAt, i, mask);
      store(a.fma(s, b.mul(c)), y, ySecond, i, mask);
    }
  }
}
