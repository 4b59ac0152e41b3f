package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.BFloat16;

/**
 * The scalar twin of the AVX-512 code for bf16: the same operations in the same order with the same
 * roundings, so that the same bits come out, on any processor.
 *
 * <p>Sums have 16 terms side by side, as a vector has, which are added halves by halves. The twin
 * is slow, and no tier: where there is no machine code, bf16 is widened and narrowed.
 */
public final class ScalarBFloat16 implements BFloat16Kernels {
  /** Scalar kernels with these loops: ops that run on it take their paths for bf16. */
  public static final Kernels TIER =
      new ScalarKernels() {
        @Override
        public BFloat16Kernels bfloat16Loops() {
          return ScalarBFloat16.INSTANCE;
        }

        @Override
        public String toString() {
          return "scalar kernels with loops over bf16";
        }
      };

  /** The one instance. */
  static final ScalarBFloat16 INSTANCE = new ScalarBFloat16();

  private static final int LANES = 16;

  private ScalarBFloat16() {}

  private static float wide(MemorySegment x, long at, int i) {
    return BFloat16.toFloat(x.get(JAVA_SHORT_UNALIGNED, at + 2L * i));
  }

  private static float get(MemorySegment x, long at, int i) {
    return x.get(JAVA_FLOAT_UNALIGNED, at + 4L * i);
  }

  /** Stores as VCVTNEPS2BF16 rounds: a subnormal number becomes a zero of its sign. */
  private static void round(MemorySegment y, long at, int i, float value) {
    var rounded = Math.abs(value) < Float.MIN_NORMAL ? value * 0 : value;
    y.set(JAVA_SHORT_UNALIGNED, at + 2L * i, BFloat16.fromFloat(rounded));
  }

  /** eˣ = 2ʳ·2ⁿ, where r = x/ln 2 − n is computed in two parts. */
  static float exp(float x) {
    // Not Math.max and min: NaN stays.
    var bounded = x < -104 ? -104 : x > 89 ? 89 : x;
    var n = (float) Math.rint(bounded * 0x1.715476p+0f);
    var r = Math.fma(bounded, 0x1.715476p+0f, -n);
    r = Math.fma(bounded, 0x1.4ae0cp-26f, r);
    var sum = 0x1.5bda58p-10f;
    sum = Math.fma(sum, r, 0x1.3ce8aep-7f);
    sum = Math.fma(sum, r, 0x1.c6b6d8p-5f);
    sum = Math.fma(sum, r, 0x1.ebf9c2p-3f);
    sum = Math.fma(sum, r, 0x1.62e42ap-1f);
    sum = Math.fma(sum, r, 1);
    // Exact in double: one rounding, to a subnormal number too.
    return (float) (sum * Math.scalb(1.0, (int) n));
  }

  private static float sigmoid(float gate) {
    var e = exp(-Math.abs(gate));
    return (gate < 0 ? e : 1) / (e + 1);
  }

  @Override
  public void swiGlu(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment y,
      long yAt,
      int n) {
    for (var i = 0; i < n; i++) {
      var g = wide(gate, gateAt, i);
      round(y, yAt, i, g * sigmoid(g) * wide(up, upAt, i));
    }
  }

  @Override
  public void swiGluBackward(
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
    for (var i = 0; i < n; i++) {
      var g = wide(gate, gateAt, i);
      var u = wide(up, upAt, i);
      var d = wide(dy, dyAt, i);
      var sigmoid = sigmoid(g);
      var slope = Math.fma(g, 1 - sigmoid, 1);
      round(dGate, dGateAt, i, d * u * sigmoid * slope);
      round(dUp, dUpAt, i, g * d * sigmoid);
    }
  }

  @Override
  public double sumOfExp(float shift, MemorySegment x, long xAt, int n) {
    return sumOfExp(shift, x, xAt, n, 0, 1);
  }

  /** The sum of the lanes {@code first}, {@code first + step}, …: of both halves of them. */
  private static double sumOfExp(
      float shift, MemorySegment x, long xAt, int n, int first, int step) {
    if (step < LANES) {
      return sumOfExp(shift, x, xAt, n, first, 2 * step)
          + sumOfExp(shift, x, xAt, n, first + step, 2 * step);
    }
    var sum = 0.0;
    for (var i = first; i < n; i += step) {
      sum += exp(get(x, xAt, i) - shift);
    }
    return sum;
  }

  @Override
  public void scaledExp(
      float shift, float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
    for (var i = 0; i < n; i++) {
      round(y, yAt, i, exp(get(x, xAt, i) - shift) * factor);
    }
  }

  @Override
  public void scaleAndMultiply(
      float factor,
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment y,
      long yAt,
      int n) {
    for (var i = 0; i < n; i++) {
      round(y, yAt, i, get(x, xAt, i) * factor * get(weight, weightAt, i));
    }
  }

  @Override
  public void rmsNormBackward(
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment dy,
      long dyAt,
      MemorySegment dx,
      long dxAt,
      int n,
      float inverseRms,
      boolean adds) {
    var share = (float) ((double) inverseRms * inverseRms / n);
    var c = sumOfProducts(x, xAt, weight, weightAt, dy, dyAt, n, 0, 1) * share;
    for (var i = 0; i < n; i++) {
      var g = wide(dy, dyAt, i) * get(weight, weightAt, i);
      g = Math.fma(-c, get(x, xAt, i), g);
      var to = dxAt + 4L * i;
      var value = adds ? Math.fma(inverseRms, g, get(dx, dxAt, i)) : g * inverseRms;
      dx.set(JAVA_FLOAT_UNALIGNED, to, value);
    }
  }

  /** Σ dy·weight·x of the lanes {@code first}, {@code first + step}, …: of both halves of them. */
  private static float sumOfProducts(
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment dy,
      long dyAt,
      int n,
      int first,
      int step) {
    if (step < LANES) {
      return sumOfProducts(x, xAt, weight, weightAt, dy, dyAt, n, first, 2 * step)
          + sumOfProducts(x, xAt, weight, weightAt, dy, dyAt, n, first + step, 2 * step);
    }
    var sum = 0f;
    for (var i = first; i < n; i += step) {
      sum = Math.fma(wide(dy, dyAt, i) * get(weight, weightAt, i), get(x, xAt, i), sum);
    }
    return sum;
  }

  @Override
  public void rotate(
      MemorySegment x,
      long xAt,
      MemorySegment cos,
      MemorySegment sin,
      long tableAt,
      MemorySegment y,
      long yAt,
      int half,
      int heads,
      float sign) {
    for (var head = 0; head < heads; head++) {
      var at = 2 * half * head;
      for (var i = 0; i < half; i++) {
        var a = wide(x, xAt, at + i);
        var b = wide(x, xAt, at + half + i);
        var c = get(cos, tableAt, i);
        var s = get(sin, tableAt, i) * sign;
        round(y, yAt, at + i, Math.fma(-b, s, a * c));
        round(y, yAt, at + half + i, Math.fma(a, s, b * c));
      }
    }
  }
}
