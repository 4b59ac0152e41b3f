package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;

/**
 * The oracle: plain loops that any JVM runs. Sums accumulate in double precision, so that gradient
 * checks can be tight.
 */
public class ScalarKernels implements Kernels {
  /** The one instance. */
  public static final ScalarKernels INSTANCE = new ScalarKernels();

  /** For kernels that replace some of these. */
  protected ScalarKernels() {}

  @Override
  public String instructions() {
    return tier() + " kernels";
  }

  @Override
  public String tier() {
    return "scalar";
  }

  private static float get(MemorySegment segment, long at, long index) {
    return segment.get(JAVA_FLOAT_UNALIGNED, at + index * 4);
  }

  private static void set(MemorySegment segment, long at, long index, float value) {
    segment.set(JAVA_FLOAT_UNALIGNED, at + index * 4, value);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Override
  public void widen(
      DType from, MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    switch (from) {
      case F32 -> MemorySegment.copy(src, srcAt, dst, dstAt, n * 4L);
      case BF16 -> {
        for (var i = 0; i < n; i++) {
          set(dst, dstAt, i, BFloat16.toFloat(src.get(JAVA_SHORT_UNALIGNED, srcAt + i * 2L)));
        }
      }
      case F16 -> {
        for (var i = 0; i < n; i++) {
          set(dst, dstAt, i, Float.float16ToFloat(src.get(JAVA_SHORT_UNALIGNED, srcAt + i * 2L)));
        }
      }
      case I32, U8 -> throw new IllegalArgumentException("widen from whole numbers");
    }
  }

  @Override
  public void narrow(
      DType to, MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    switch (to) {
      case F32 -> MemorySegment.copy(src, srcAt, dst, dstAt, n * 4L);
      case BF16 -> {
        for (var i = 0; i < n; i++) {
          dst.set(JAVA_SHORT_UNALIGNED, dstAt + i * 2L, BFloat16.fromFloat(get(src, srcAt, i)));
        }
      }
      case F16 -> {
        for (var i = 0; i < n; i++) {
          dst.set(JAVA_SHORT_UNALIGNED, dstAt + i * 2L, Float.floatToFloat16(get(src, srcAt, i)));
        }
      }
      case I32, U8 -> throw new IllegalArgumentException("narrow to whole numbers");
    }
  }

  @Override
  public void add(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    for (var i = 0; i < n; i++) {
      set(y, yAt, i, get(a, aAt, i) + get(b, bAt, i));
    }
  }

  @Override
  public void multiply(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    for (var i = 0; i < n; i++) {
      set(y, yAt, i, get(a, aAt, i) * get(b, bAt, i));
    }
  }

  @Override
  public void addScaled(float alpha, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
    for (var i = 0; i < n; i++) {
      set(y, yAt, i, Math.fma(alpha, get(x, xAt, i), get(y, yAt, i)));
    }
  }

  @Override
  public void scale(float alpha, MemorySegment x, long xAt, int n) {
    for (var i = 0; i < n; i++) {
      set(x, xAt, i, alpha * get(x, xAt, i));
    }
  }

  @Override
  public float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
    var sum = 0.0;
    for (var i = 0; i < n; i++) {
      sum += (double) get(a, aAt, i) * get(b, bAt, i);
    }
    return (float) sum;
  }

  @Override
  public double sumOfSquares(MemorySegment x, long xAt, int n) {
    var sum = 0.0;
    for (var i = 0; i < n; i++) {
      double value = get(x, xAt, i);
      sum += value * value;
    }
    return sum;
  }

  @Override
  public float max(MemorySegment x, long xAt, int n) {
    var max = Float.NEGATIVE_INFINITY;
    for (var i = 0; i < n; i++) {
      max = Math.max(max, get(x, xAt, i));
    }
    return max;
  }

  @Override
  public float expAndSum(float shift, MemorySegment x, long xAt, int n) {
    var sum = 0.0;
    for (var i = 0; i < n; i++) {
      var value = (float) Math.exp((double) get(x, xAt, i) - shift);
      set(x, xAt, i, value);
      sum += value;
    }
    return (float) sum;
  }

  @Override
  public float rmsNorm(
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment y,
      long yAt,
      int n,
      float epsilon) {
    var inverseRms = (float) (1 / Math.sqrt(sumOfSquares(x, xAt, n) / n + epsilon));
    for (var i = 0; i < n; i++) {
      set(y, yAt, i, get(x, xAt, i) * inverseRms * get(weight, weightAt, i));
    }
    return inverseRms;
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
      float inverseRms) {
    var sum = 0.0;
    for (var i = 0; i < n; i++) {
      sum += (double) get(dy, dyAt, i) * get(weight, weightAt, i) * get(x, xAt, i);
    }
    var c = sum * inverseRms * inverseRms / n;
    for (var i = 0; i < n; i++) {
      var g = (double) get(dy, dyAt, i) * get(weight, weightAt, i);
      set(dx, dxAt, i, (float) (inverseRms * (g - c * get(x, xAt, i))));
    }
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
      double g = get(gate, gateAt, i);
      set(y, yAt, i, (float) (g * sigmoid(g) * get(up, upAt, i)));
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
      double g = get(gate, gateAt, i);
      double u = get(up, upAt, i);
      double d = get(dy, dyAt, i);
      var s = sigmoid(g);
      set(dGate, dGateAt, i, (float) (d * u * s * (1 + g * (1 - s))));
      set(dUp, dUpAt, i, (float) (d * g * s));
    }
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
      float sign) {
    for (var i = 0; i < half; i++) {
      double c = get(cos, tableAt, i);
      double s = sign * get(sin, tableAt, i);
      double a = get(x, xAt, i);
      double b = get(x, xAt, i + half);
      set(y, yAt, i, (float) (a * c - b * s));
      set(y, yAt, i + half, (float) (b * c + a * s));
    }
  }

  @Override
  public void adamW(
      MemorySegment parameter,
      long parameterAt,
      MemorySegment gradient,
      long gradientAt,
      MemorySegment m,
      long mAt,
      MemorySegment v,
      long vAt,
      int n,
      AdamWScalars scalars) {
    for (var i = 0; i < n; i++) {
      var g = get(gradient, gradientAt, i) * scalars.gradientScale();
      var mi = scalars.beta1() * get(m, mAt, i) + (1 - scalars.beta1()) * g;
      var vi = scalars.beta2() * get(v, vAt, i) + (1 - scalars.beta2()) * g * g;
      var p = get(parameter, parameterAt, i);
      var direction =
          mi * scalars.mScale() / ((float) Math.sqrt(vi * scalars.vScale()) + scalars.epsilon())
              + scalars.decay() * p;
      set(m, mAt, i, mi);
      set(v, vAt, i, vi);
      set(parameter, parameterAt, i, p - scalars.learningRate() * direction);
    }
  }

  @Override
  public int tileRows() {
    return 4;
  }

  @Override
  public int tileColumns() {
    return 8;
  }

  @Override
  public void gemmTile(
      int k,
      MemorySegment a,
      long aAt,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      long cStride,
      boolean accumulate) {
    for (var i = 0; i < tileRows(); i++) {
      for (var j = 0; j < tileColumns(); j++) {
        var sum = 0.0;
        for (var l = 0; l < k; l++) {
          sum +=
              (double) get(a, aAt, l * (long) tileRows() + i)
                  * get(b, bAt, l * (long) tileColumns() + j);
        }
        var index = i * cStride + j;
        set(c, cAt, index, (float) (accumulate ? get(c, cAt, index) + sum : sum));
      }
    }
  }

  @Override
  public void pack(
      DType from,
      boolean toBFloat16,
      MemorySegment src,
      long srcAt,
      long laneStride,
      long stepStride,
      int lanes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int width,
      long panelStride) {
    var padded = (lanes + width - 1) / width * width;
    for (var i = 0; i < padded; i++) {
      var laneAt = srcAt + i * laneStride * from.bytes();
      for (var l = 0; l < steps; l++) {
        var value = i < lanes ? load(from, src, laneAt + l * stepStride * from.bytes()) : 0;
        var index = i / width * panelStride + (long) l * width + i % width;
        set(dst, dstAt, index, toBFloat16 ? BFloat16.round(value) : value);
      }
    }
  }

  private static float load(DType from, MemorySegment src, long at) {
    return switch (from) {
      case F32 -> src.get(JAVA_FLOAT_UNALIGNED, at);
      case BF16 -> BFloat16.toFloat(src.get(JAVA_SHORT_UNALIGNED, at));
      case F16 -> Float.float16ToFloat(src.get(JAVA_SHORT_UNALIGNED, at));
      case I32, U8 -> throw new IllegalArgumentException("pack from whole numbers");
    };
  }
}
