package org.bayu.tensor.internal.kernels.vector;

import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;
import static org.bayu.tensor.internal.kernels.vector.Lanes.load;
import static org.bayu.tensor.internal.kernels.vector.Lanes.store;
import static org.bayu.tensor.internal.kernels.vector.Lanes.tail;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;

/** Kernels whose element i depends on the operands' elements i alone. The tail is masked. */
final class Pointwise {
  private Pointwise() {}

  static void add(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
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

  static void swiGlu(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment y,
      long yAt,
      int n) {
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var g = load(gate, gateAt, i);
      store(g.mul(Exponential.sigmoid(g)).mul(load(up, upAt, i)), y, yAt, i);
    }
    if (i < n) {
      var mask = tail(i, n);
      var g = load(gate, gateAt, i, mask);
      store(g.mul(Exponential.sigmoid(g)).mul(load(up, upAt, i, mask)), y, yAt, i, mask);
    }
  }

  static void swiGluBackward(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment dy,
      long dyAt,
      MemorySegment dGate,
      long dGateAt,
      MemorySegment dUp,
      long dUpAt,
      int n) {
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var g = load(gate, gateAt, i);
      var d = load(dy, dyAt, i);
      var sigmoid = Exponential.sigmoid(g);
      var toGate = gateGradient(g, sigmoid, load(up, upAt, i), d);
      store(toGate, dGate, dGateAt, i);
      store(d.mul(g.mul(sigmoid)), dUp, dUpAt, i);
    }
    if (i < n) {
      var mask = tail(i, n);
      var g = load(gate, gateAt, i, mask);
      var d = load(dy, dyAt, i, mask);
      var sigmoid = Exponential.sigmoid(g);
      var toGate = gateGradient(g, sigmoid, load(up, upAt, i, mask), d);
      store(toGate, dGate, dGateAt, i, mask);
      store(d.mul(g.mul(sigmoid)), dUp, dUpAt, i, mask);
    }
  }

  /** d·u·σ·(1 + g·(1 − σ)). */
  private static FloatVector gateGradient(
      FloatVector g, FloatVector sigmoid, FloatVector u, FloatVector d) {
    var one = FloatVector.broadcast(Lanes.F32, 1);
    return d.mul(u).mul(sigmoid).mul(one.sub(sigmoid).fma(g, one));
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

  /** Operation by operation as the scalar kernel does it: the same bits. */
  static void adamW(
      MemorySegment parameter,
      MemorySegment gradient,
      MemorySegment m,
      MemorySegment v,
      long at,
      int n,
      AdamWScalars scalars) {
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var g = load(gradient, at, i).mul(scalars.gradientScale());
      var mNext = firstMoment(g, load(m, at, i), scalars);
      var vNext = secondMoment(g, load(v, at, i), scalars);
      store(mNext, m, at, i);
      store(vNext, v, at, i);
      store(step(load(parameter, at, i), mNext, vNext, scalars), parameter, at, i);
    }
    if (i < n) {
      var mask = tail(i, n);
      var g = load(gradient, at, i, mask).mul(scalars.gradientScale());
      var mNext = firstMoment(g, load(m, at, i, mask), scalars);
      var vNext = secondMoment(g, load(v, at, i, mask), scalars);
      store(mNext, m, at, i, mask);
      store(vNext, v, at, i, mask);
      store(step(load(parameter, at, i, mask), mNext, vNext, scalars), parameter, at, i, mask);
    }
  }

  private static FloatVector firstMoment(FloatVector g, FloatVector m, AdamWScalars scalars) {
    return m.mul(scalars.beta1()).add(g.mul(1 - scalars.beta1()));
  }

  private static FloatVector secondMoment(FloatVector g, FloatVector v, AdamWScalars scalars) {
    return v.mul(scalars.beta2()).add(g.mul(1 - scalars.beta2()).mul(g));
  }

  private static FloatVector step(
      FloatVector p, FloatVector m, FloatVector v, AdamWScalars scalars) {
    var root = v.mul(scalars.vScale()).lanewise(VectorOperators.SQRT);
    var direction =
        m.mul(scalars.mScale()).div(root.add(scalars.epsilon())).add(p.mul(scalars.decay()));
    return p.sub(direction.mul(scalars.learningRate()));
  }
}
