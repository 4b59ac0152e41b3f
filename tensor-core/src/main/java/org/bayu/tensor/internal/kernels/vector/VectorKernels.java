package org.bayu.tensor.internal.kernels.vector;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.CacheKernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarKernels;

/**
 * The kernels on the JDK's Vector API, for any processor with fused multiply-add: body in whole
 * vectors, tail in scalar code of the same bits.
 */
public class VectorKernels implements Kernels {
  /** The one instance. */
  public static final VectorKernels INSTANCE = new VectorKernels();

  /** For kernels that replace some of these. */
  protected VectorKernels() {}

  /** The tile, by the registers there are: AVX-512 and ARM have 32, AVX2 has 16. */
  private static final class Tile {
    // Apart, so that kernels which replace all of these do not load the Vector API.
    private static final boolean IS_LARGE =
        Lanes.BITS == 512 || System.getProperty("os.arch").equals("aarch64");
  }

  /** Bits of a vector: what the processor prefers, or {@code -Dbayu.vectorBits}. */
  public static int vectorBits() {
    return Lanes.BITS;
  }

  @Override
  public String instructions() {
    return tier() + " kernels with " + vectorBits() + "-bit vectors";
  }

  @Override
  public String tier() {
    return "vector";
  }

  @Override
  public void widen(
      DType from, MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    switch (from) {
      case F32 -> MemorySegment.copy(src, srcAt, dst, dstAt, n * 4L);
      case BF16 -> Conversion.widenBFloat16(src, srcAt, dst, dstAt, n);
      case F16 -> Conversion.widenFloat16(src, srcAt, dst, dstAt, n);
      case I32, U8 -> throw new IllegalArgumentException("widen from whole numbers");
    }
  }

  @Override
  public void narrow(
      DType to, MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    switch (to) {
      case F32 -> MemorySegment.copy(src, srcAt, dst, dstAt, n * 4L);
      case BF16 -> Conversion.narrowBFloat16(src, srcAt, dst, dstAt, n);
      case F16 -> Conversion.narrowFloat16(src, srcAt, dst, dstAt, n);
      case I32, U8 -> throw new IllegalArgumentException("narrow to whole numbers");
    }
  }

  @Override
  public void add(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    Pointwise.add(a, aAt, b, bAt, y, yAt, n);
  }

  @Override
  public void multiply(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    Pointwise.multiply(a, aAt, b, bAt, y, yAt, n);
  }

  @Override
  public void addScaled(float alpha, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
    Pointwise.addScaled(alpha, x, xAt, y, yAt, n);
  }

  @Override
  public void scale(float alpha, MemorySegment x, long xAt, int n) {
    Pointwise.scale(alpha, x, xAt, n);
  }

  @Override
  public float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
    return Reduction.dot(a, aAt, b, bAt, n);
  }

  @Override
  public double sumOfSquares(MemorySegment x, long xAt, int n) {
    return Reduction.sumOfSquares(x, xAt, n);
  }

  @Override
  public float max(MemorySegment x, long xAt, int n) {
    return Reduction.max(x, xAt, n);
  }

  @Override
  public float expAndSum(float shift, MemorySegment x, long xAt, int n) {
    Activation.exp(shift, x, xAt, n);
    return (float) Reduction.sum(x, xAt, n);
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
    var inverseRms = (float) (1 / Math.sqrt(Reduction.sumOfSquares(x, xAt, n) / n + epsilon));
    Pointwise.scaleAndMultiply(inverseRms, x, xAt, weight, weightAt, y, yAt, n);
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
    var sum = Reduction.dot(dy, dyAt, weight, weightAt, x, xAt, n);
    var c = (float) ((double) sum * inverseRms * inverseRms / n);
    Pointwise.scaleGradient(inverseRms, c, x, xAt, weight, weightAt, dy, dyAt, dx, dxAt, n);
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
    Activation.swiGlu(gate, gateAt, up, upAt, y, yAt, n);
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
    Activation.swiGluBackward(gate, gateAt, up, upAt, dy, dyAt, dGate, dGateAt, dUp, dUpAt, n);
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
    Pointwise.rotate(x, xAt, cos, sin, tableAt, y, yAt, half, sign);
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
    AdamW.update(parameter, parameterAt, gradient, gradientAt, m, mAt, v, vAt, n, scalars);
  }

  @Override
  public CacheKernels cache() {
    return VectorCacheKernels.INSTANCE;
  }

  @Override
  public double multiplyAddPeak(DType operands, int steps) {
    return FmaLoop.run(steps);
  }

  @Override
  public int tileRows() {
    return Tile.IS_LARGE ? GemmTile5x4.ROWS : GemmTile4x3.ROWS;
  }

  @Override
  public int tileColumns() {
    return Tile.IS_LARGE ? GemmTile5x4.COLUMNS : GemmTile4x3.COLUMNS;
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
    if (Tile.IS_LARGE) {
      if (accumulate) {
        GemmTile5x4.add(k, a, aAt, b, bAt, c, cAt, cStride);
      } else {
        GemmTile5x4.set(k, a, aAt, b, bAt, c, cAt, cStride);
      }
    } else if (accumulate) {
      GemmTile4x3.add(k, a, aAt, b, bAt, c, cAt, cStride);
    } else {
      GemmTile4x3.set(k, a, aAt, b, bAt, c, cAt, cStride);
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
    if (Packing.canPack(laneStride, stepStride)) {
      Packing.pack(
          from,
          toBFloat16,
          src,
          srcAt,
          laneStride,
          stepStride,
          lanes,
          steps,
          dst,
          dstAt,
          width,
          panelStride);
    } else {
      ScalarKernels.INSTANCE.pack(
          from,
          toBFloat16,
          src,
          srcAt,
          laneStride,
          stepStride,
          lanes,
          steps,
          dst,
          dstAt,
          width,
          panelStride);
    }
  }
}
