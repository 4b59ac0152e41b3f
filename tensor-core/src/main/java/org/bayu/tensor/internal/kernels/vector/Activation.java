package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
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
 * comes first and what follows has no helper methods. The tail is scalar: a masked one, in this
 * method or in another, is so large that vectors which it passes on become objects.
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
    for (; i < n; i++) {
      var at = xAt + 4L * i;
      x.set(JAVA_FLOAT_UNALIGNED, at, Exponential.exp(x.get(JAVA_FLOAT_UNALIGNED, at) - shift));
    }
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
    for (; i < n; i++) {
      var at = 4L * i;
      var g = gate.get(JAVA_FLOAT_UNALIGNED, gateAt + at);
      var u = up.get(JAVA_FLOAT_UNALIGNED, upAt + at);
      y.set(JAVA_FLOAT_UNALIGNED, yAt + at, g * Exponential.sigmoid(g) * u);
    }
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
    for (; i < n; i++) {
      var at = 4L * i;
      var g = gate.get(JAVA_FLOAT_UNALIGNED, gateAt + at);
      var sigmoid = Exponential.sigmoid(g);
      var u = up.get(JAVA_FLOAT_UNALIGNED, upAt + at);
      var d = dy.get(JAVA_FLOAT_UNALIGNED, dyAt + at);
      var slope = Math.fma(1 - sigmoid, g, 1f);
      dGate.set(JAVA_FLOAT_UNALIGNED, dGateAt + at, d * u * sigmoid * slope);
      dUp.set(JAVA_FLOAT_UNALIGNED, dUpAt + at, d * g * sigmoid);
    }
  }
}
