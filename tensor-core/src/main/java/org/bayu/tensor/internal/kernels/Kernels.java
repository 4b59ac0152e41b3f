package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * The loops that a processor runs: single-threaded, over ranges of off-heap memory.
 *
 * <p>An operand is a segment, the byte offset of its first element, and a shared count {@code n} of
 * elements. Everything is binary32 inside: {@link #widen} and {@link #narrow} convert at the door.
 * Offsets need no alignment. An output range either is an input range or does not overlap it.
 * Callers have checked sizes; a kernel checks nothing that the segments do not.
 *
 * <p>Every implementation gives the same bits for the same input wherever it starts in memory, cold
 * or warm; two implementations may differ by rounding. {@link ScalarKernels} is the oracle.
 */
public interface Kernels {
  /** {@code machine}, {@code vector} or {@code scalar}. */
  String tier();

  /**
   * Tier, instruction set and length of vectors: see {@link org.bayu.tensor.Device#instructions}.
   */
  String instructions();

  /** The inner loop of products: rows × columns that it computes at a time, for people. */
  default String microKernel() {
    return tileRows() + "×" + tileColumns();
  }

  /** dst[i] = F32(src[i]), exact; {@code from} is F32, BF16 or F16. */
  void widen(DType from, MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n);

  /**
   * dst[i] = src[i] rounded to {@code to} (F32, BF16, F16), ties to even, NaN stays NaN. {@code
   * dst} may begin where {@code src} does, and then takes the place of its first half.
   */
  void narrow(DType to, MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n);

  /** {@link #narrow} of {@code rows} rows, {@code srcStride} and {@code dstStride} bytes apart. */
  default void narrowRows(
      DType to,
      int rows,
      MemorySegment src,
      long srcAt,
      long srcStride,
      MemorySegment dst,
      long dstAt,
      long dstStride,
      int n) {
    for (var row = 0; row < rows; row++) {
      narrow(to, src, srcAt + row * srcStride, dst, dstAt + row * dstStride, n);
    }
  }

  /** y[i] = a[i] + b[i]. */
  void add(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n);

  /** y[i] = a[i] · b[i]. */
  void multiply(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n);

  /** y[i] += alpha · x[i]. */
  void addScaled(float alpha, MemorySegment x, long xAt, MemorySegment y, long yAt, int n);

  /**
   * y[i] = y[i] + alpha · x[i] of {@code rows} rows, {@code xStride} and {@code yStride} bytes
   * apart: x is F32, y of {@code type}, to which the sum in F32 is rounded.
   *
   * @param line scratch memory of n F32
   */
  default void addScaledRows(
      DType type,
      float alpha,
      int rows,
      MemorySegment x,
      long xAt,
      long xStride,
      MemorySegment y,
      long yAt,
      long yStride,
      int n,
      MemorySegment line) {
    for (var row = 0; row < rows; row++) {
      var from = xAt + row * xStride;
      var to = yAt + row * yStride;
      if (type == DType.F32) {
        addScaled(alpha, x, from, y, to, n);
      } else {
        widen(type, y, to, line, 0, n);
        addScaled(alpha, x, from, line, 0, n);
        narrow(type, line, 0, y, to, n);
      }
    }
  }

  /** x[i] = alpha · x[i]. */
  void scale(float alpha, MemorySegment x, long xAt, int n);

  /** Σ a[i]·b[i], in a fixed order. */
  float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, int n);

  /** Σ x[i]², in a fixed order and in double precision or better than binary32 by blocks. */
  double sumOfSquares(MemorySegment x, long xAt, int n);

  /** max x[i]; −∞ for n = 0, NaN if any is NaN. */
  float max(MemorySegment x, long xAt, int n);

  /** x[i] = exp(x[i] − shift); returns their sum, in a fixed order. */
  float expAndSum(float shift, MemorySegment x, long xAt, int n);

  /** y[i] = x[i] · inverseRms · weight[i], where inverseRms = 1/√(mean(x²) + epsilon), returned. */
  float rmsNorm(
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment y,
      long yAt,
      int n,
      float epsilon);

  /**
   * The gradient of {@link #rmsNorm} in x: with g = dy·weight and c = Σ g·x · inverseRms² / n,
   * dx[i] = inverseRms · (g[i] − c·x[i]).
   */
  void rmsNormBackward(
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment dy,
      long dyAt,
      MemorySegment dx,
      long dxAt,
      int n,
      float inverseRms);

  /** y[i] = silu(gate[i]) · up[i], where silu(g) = g / (1 + exp(−g)). */
  void swiGlu(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment y,
      long yAt,
      int n);

  /**
   * The gradients of {@link #swiGlu}: dGate[i] = dy·up·σ(g)·(1 + g·(1 − σ(g))), dUp[i] =
   * dy·silu(g).
   */
  void swiGluBackward(
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
      int n);

  /**
   * Rotates the pairs (x[i], x[i + half]) by the angle whose cosine and sine stand in {@code cos}
   * and {@code sin}: y[i] = x[i]·cos[i] − x[i+half]·sin[i], y[i+half] = x[i+half]·cos[i] +
   * x[i]·sin[i], for i &lt; half; {@code sign} −1 rotates back.
   */
  void rotate(
      MemorySegment x,
      long xAt,
      MemorySegment cos,
      MemorySegment sin,
      long tableAt,
      MemorySegment y,
      long yAt,
      int half,
      float sign);

  /**
   * One AdamW update of n parameters: g = gradient·gradientScale, m = β₁m + (1−β₁)g, v = β₂v +
   * (1−β₂)g², p −= learningRate·(m·mScale / (√(v·vScale) + ε) + decay·p), where mScale and vScale
   * are the bias corrections 1/(1−β₁ᵗ), 1/(1−β₂ᵗ).
   */
  void adamW(
      MemorySegment parameter,
      long parameterAt,
      MemorySegment gradient,
      long gradientAt,
      MemorySegment m,
      long mAt,
      MemorySegment v,
      long vAt,
      int n,
      AdamWScalars scalars);

  /** What every element of one AdamW step shares. */
  record AdamWScalars(
      float gradientScale,
      float beta1,
      float beta2,
      float epsilon,
      float learningRate,
      float decay,
      float mScale,
      float vScale) {}

  /**
   * Multiplies and adds from registers alone, as fast as this tier's instructions can for products
   * of {@code operands}; returns how many floating-point operations that were, 0 if it cannot.
   */
  default double multiplyAddPeak(DType operands, int steps) {
    return 0;
  }

  /** Reads memory, as fast as this tier can, and forgets it. */
  default void read(MemorySegment memory, long at, long bytes) {
    var half = bytes / 8 * 4;
    dot(memory, at, memory, at + half, Math.toIntExact(half / 4));
  }

  /** What attention in bf16 is made of; null where there is none, and it is computed in F32. */
  default @Nullable AttentionKernels attention() {
    return null;
  }

  /** Loops over bf16 where it lies; null where there are none, and it is widened and narrowed. */
  default @Nullable BFloat16Kernels bfloat16Loops() {
    return null;
  }

  /** Products with the rows of a cache. */
  default CacheKernels cache() {
    return ScalarCacheKernels.INSTANCE;
  }

  /** Loops over the forms of an optimizer's state. */
  default StateKernels state() {
    return StateKernels.SCALAR;
  }

  /** Rows of C that {@link #gemmTile} computes. */
  int tileRows();

  /** Columns of C that {@link #gemmTile} computes. */
  int tileColumns();

  /**
   * C = A·B or C += A·B for one full tile in binary32: A packed as k columns of {@link #tileRows},
   * B packed as k rows of {@link #tileColumns}, C row-major with {@code cStride} elements from row
   * to row. Each element is one chain of fused multiply-adds in ascending k.
   */
  void gemmTile(
      int k,
      MemorySegment a,
      long aAt,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      long cStride,
      boolean accumulate);

  /**
   * Packs a block for {@link #gemmTile} in binary32: lane i (a row of A or a column of B) at step l
   * lies at element i·laneStride + l·stepStride of {@code src} and goes to element
   * ⌊i/width⌋·panelStride + l·width + i mod width of {@code dst}. The last panel's missing lanes
   * become zeros.
   *
   * @param toBFloat16 whether to round to bfloat16 values
   */
  void pack(
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
      long panelStride);
}
