package org.bayu.tensor.internal.kernels.vector;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static org.bayu.tensor.internal.kernels.vector.Lanes.F32;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Kernels with an exponential in them, element by element.
 *
 * <p>An exponential is so many nodes that C2 inlines only the JDK's own methods behind it. So it
 * comes first, what follows has no helper methods, and the tail has a method of its own.
 */
final class Activation {
  private static final FloatVector ONE = FloatVector.broadcast(F32, 1);

  private Activation() {}

  /** x = exp(x − shift). */
  static void exp(float shift, MemorySegment x, long xAt, int n) {
    Lanes.requireNative(x);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var at = xAt + 4L * i;
      Exponential.exp(fromMemorySegment(F32, x, at, LITTLE_ENDIAN).sub(shift))
          .intoMemorySegment(x, at, LITTLE_ENDIAN);
    }
    if (i < n) {
      expTail(shift, x, xAt + 4L * i, n - i);
    }
  }

  private static void expTail(float shift, MemorySegment x, long at, int n) {
    Lanes.requireNative(x);
    var mask = F32.indexInRange(0, n);
    Exponential.exp(fromMemorySegment(F32, x, at, LITTLE_ENDIAN, mask).sub(shift))
        .intoMemorySegment(x, at, LITTLE_ENDIAN, mask);
  }

  /** y = silu(gate)·up. */
  static void swiGlu(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment y,
      long yAt,
      int n) {
    Lanes.requireNative(gate, up, y);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var g = fromMemorySegment(F32, gate, gateAt + 4L * i, LITTLE_ENDIAN);
      var sigmoid = Exponential.sigmoid(g);
      var u = fromMemorySegment(F32, up, upAt + 4L * i, LITTLE_ENDIAN);
      g.mul(sigmoid).mul(u).intoMemorySegment(y, yAt + 4L * i, LITTLE_ENDIAN);
    }
    if (i < n) {
      swiGluTail(gate, gateAt + 4L * i, up, upAt + 4L * i, y, yAt + 4L * i, n - i);
    }
  }

  private static void swiGluTail(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment y,
      long yAt,
      int n) {
    Lanes.requireNative(gate, up, y);
    var mask = F32.indexInRange(0, n);
    var g = fromMemorySegment(F32, gate, gateAt, LITTLE_ENDIAN, mask);
    var sigmoid = Exponential.sigmoid(g);
    var u = fromMemorySegment(F32, up, upAt, LITTLE_ENDIAN, mask);
    g.mul(sigmoid).mul(u).intoMemorySegment(y, yAt, LITTLE_ENDIAN, mask);
  }

  /** dGate = dy·up·σ·(1 + gate·(1 − σ)) and dUp = dy·gate·σ, where σ = σ(gate). */
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
    Lanes.requireNative(gate, up, dy);
    Lanes.requireNative(dGate, dUp);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var g = fromMemorySegment(F32, gate, gateAt + 4L * i, LITTLE_ENDIAN);
      var sigmoid = Exponential.sigmoid(g);
      var u = fromMemorySegment(F32, up, upAt + 4L * i, LITTLE_ENDIAN);
      var d = fromMemorySegment(F32, dy, dyAt + 4L * i, LITTLE_ENDIAN);
      var slope = ONE.sub(sigmoid).fma(g, ONE);
      d.mul(u).mul(sigmoid).mul(slope).intoMemorySegment(dGate, dGateAt + 4L * i, LITTLE_ENDIAN);
      d.mul(g).mul(sigmoid).intoMemorySegment(dUp, dUpAt + 4L * i, LITTLE_ENDIAN);
    }
    if (i < n) {
      var at = 4L * i;
      swiGluBackwardTail(
          gate,
          gateAt + at,
          up,
          upAt + at,
          dy,
          dyAt + at,
          dGate,
          dGateAt + at,
          dUp,
          dUpAt + at,
          n - i);
    }
  }

  private static void swiGluBackwardTail(
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
    Lanes.requireNative(gate, up, dy);
    Lanes.requireNative(dGate, dUp);
    var mask = F32.indexInRange(0, n);
    var g = fromMemorySegment(F32, gate, gateAt, LITTLE_ENDIAN, mask);
    var sigmoid = Exponential.sigmoid(g);
    var u = fromMemorySegment(F32, up, upAt, LITTLE_ENDIAN, mask);
    var d = fromMemorySegment(F32, dy, dyAt, LITTLE_ENDIAN, mask);
    var slope = ONE.sub(sigmoid).fma(g, ONE);
    d.mul(u).mul(sigmoid).mul(slope).intoMemorySegment(dGate, dGateAt, LITTLE_ENDIAN, mask);
    d.mul(g).mul(sigmoid).intoMemorySegment(dUp, dUpAt, LITTLE_ENDIAN, mask);
  }
}
