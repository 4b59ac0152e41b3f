package org.bayu.tensor.internal.kernels.machine;

import static org.bayu.tensor.internal.kernels.machine.MachineCall.bits;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Loops over binary32 in machine code, ready to be called: those that a token of generation needs,
 * which would else be slow until the JVM has compiled them. Operands are as {@link
 * org.bayu.tensor.internal.kernels.Kernels} says. Nothing here checks a range.
 */
public final class FloatLoops {
  private final MemorySegment widen;
  private final MemorySegment narrow;
  private final MemorySegment add;
  private final MemorySegment addScaled;
  private final MemorySegment scale;
  private final MemorySegment addScaledRows;
  private final MemorySegment sumOfSquares;
  private final MemorySegment max;
  private final MemorySegment expAndSum;

  /**
   * The functions of assembled code.
   *
   * @param starts where they begin, in the order of the methods here
   */
  public FloatLoops(CodeBuffer code, List<Integer> starts) {
    widen = code.address(starts.get(0));
    narrow = code.address(starts.get(1));
    add = code.address(starts.get(2));
    addScaled = code.address(starts.get(3));
    scale = code.address(starts.get(4));
    addScaledRows = code.address(starts.get(5));
    sumOfSquares = code.address(starts.get(6));
    max = code.address(starts.get(7));
    expAndSum = code.address(starts.get(8));
  }

  /** dst[i] = F32(src[i]), of bf16. */
  void widen(MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    MachineCall.call(widen, src.address() + srcAt, dst.address() + dstAt, n, 0, 0, 0);
  }

  /** dst[i] = src[i] rounded to bf16; dst may begin where src does. */
  void narrow(MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    narrow(1, src, srcAt, 0, dst, dstAt, 0, n);
  }

  /** The same of rows, whose strides are in bytes. */
  void narrow(
      int rows,
      MemorySegment src,
      long srcAt,
      long srcStride,
      MemorySegment dst,
      long dstAt,
      long dstStride,
      int n) {
    if (rows > 0) {
      var from = src.address() + srcAt;
      MachineCall.call(narrow, from, dst.address() + dstAt, n, rows, srcStride, dstStride);
    }
  }

  /** y[i] = a[i] + b[i]. */
  void add(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    MachineCall.call(add, a.address() + aAt, b.address() + bAt, y.address() + yAt, n, 0, 0);
  }

  /** y[i] += alpha · x[i], in one rounding. */
  void addScaled(float alpha, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
    MachineCall.call(addScaled, x.address() + xAt, y.address() + yAt, n, bits(alpha), 0, 0);
  }

  /** x[i] = alpha · x[i]. */
  void scale(float alpha, MemorySegment x, long xAt, int n) {
    MachineCall.call(scale, x.address() + xAt, n, bits(alpha), 0, 0, 0);
  }

  /** y[i] = y[i] + alpha · x[i] of rows of bf16, whose strides are in bytes. */
  void addScaledRows(
      float alpha,
      int rows,
      MemorySegment x,
      long xAt,
      long xStride,
      MemorySegment y,
      long yAt,
      long yStride,
      int n) {
    if (rows > 0) {
      var from = x.address() + xAt;
      var to = y.address() + yAt;
      MachineCall.call(addScaledRows, from, to, n, rows, xStride, yStride, bits(alpha), 0, 0, 0);
    }
  }

  /** Σ x[i]², in double: eight chains, added by a fixed tree. */
  double sumOfSquares(MemorySegment x, long xAt, int n) {
    return Double.longBitsToDouble(
        MachineCall.call(sumOfSquares, x.address() + xAt, n, 0, 0, 0, 0));
  }

  /** max x[i] as {@link Math#max(float, float)} has it; −∞ for n = 0. */
  float max(MemorySegment x, long xAt, int n) {
    return Float.intBitsToFloat((int) MachineCall.call(max, x.address() + xAt, n, 0, 0, 0, 0));
  }

  /** x[i] = exp(x[i] − shift); returns their sum, added in double. */
  float expAndSum(float shift, MemorySegment x, long xAt, int n) {
    return (float)
        Double.longBitsToDouble(
            MachineCall.call(expAndSum, x.address() + xAt, n, bits(shift), 0, 0, 0));
  }
}
