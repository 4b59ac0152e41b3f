package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Loops over bf16 where it lies: each element is widened as it is read, computed with in binary32
 * and rounded to nearest even as it is written, without a copy on the way. Subnormal results may
 * become 0. For the rest what {@link Kernels} says of operands holds.
 */
public interface BFloat16Kernels {
  /** y[i] = silu(gate[i]) · up[i], all of them bf16. */
  void swiGlu(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment y,
      long yAt,
      int n);

  /** The gradients of {@link #swiGlu} as in {@link Kernels#swiGluBackward}, all of them bf16. */
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

  /** Σ exp(x[i] − shift) of binary32 numbers, in a fixed order, in double. */
  double sumOfExp(float shift, MemorySegment x, long xAt, int n);

  /**
   * y[i] = factor · exp(x[i] − shift), of binary32 numbers to bf16; y may begin where x does, and
   * then takes the place of x's first half.
   */
  void scaledExp(
      float shift, float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, int n);

  /** y[i] = x[i] · factor · weight[i], of binary32 numbers to bf16. */
  void scaleAndMultiply(
      float factor,
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment y,
      long yAt,
      int n);

  /**
   * The gradient in x as in {@link Kernels#rmsNormBackward}, of dy in bf16 and all else in
   * binary32.
   *
   * @param adds whether it is added to what dx has, in one rounding with its last product
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
      float inverseRms,
      boolean adds);

  /**
   * Rotates {@code heads} heads of 2·half elements each, side by side, as {@link Kernels#rotate}
   * does one: x and y are bf16, the table is binary32.
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
      int heads,
      float sign);
}
