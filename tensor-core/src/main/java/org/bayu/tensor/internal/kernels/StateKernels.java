package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;

/**
 * Loops between binary32 and the small forms in which an optimizer holds moments and weights:
 * {@link DynamicCode} and {@link StochasticRounding}. Single-threaded, over off-heap memory.
 *
 * <p>Here as plain loops. Every implementation gives the same bits.
 */
public interface StateKernels {
  /** The plain loops. */
  StateKernels SCALAR = new StateKernels() {};

  /** {@link DynamicCode#decode}. */
  default void decode(
      DynamicCode code,
      MemorySegment codes,
      long codesAt,
      MemorySegment absmax,
      long absmaxAt,
      MemorySegment dst,
      long dstAt,
      int n) {
    code.decode(codes, codesAt, absmax, absmaxAt, dst, dstAt, n);
  }

  /** {@link DynamicCode#encode}. */
  default void encode(
      DynamicCode code,
      MemorySegment src,
      long srcAt,
      MemorySegment codes,
      long codesAt,
      MemorySegment absmax,
      long absmaxAt,
      int n) {
    code.encode(src, srcAt, codes, codesAt, absmax, absmaxAt, n);
  }

  /**
   * Both moments of a parameter in 8 bits.
   *
   * @param m codes of {@link DynamicCode#SIGNED}
   * @param mAbsmax F32, of each block
   * @param v codes of {@link DynamicCode#UNSIGNED}
   * @param vAbsmax F32, of each block
   */
  record CodedMoments(
      MemorySegment m, MemorySegment mAbsmax, MemorySegment v, MemorySegment vAbsmax) {}

  /**
   * {@link Kernels#adamW} with moments in codes: they are decoded, updated and encoded.
   *
   * @param f32 updates what is decoded
   * @param from the first element's place among the moments, which begins a block
   * @param scratch 64-byte aligned memory of 8·n + 64 bytes behind {@code scratchAt}
   */
  default void adamW(
      Kernels f32,
      MemorySegment parameter,
      long parameterAt,
      MemorySegment gradient,
      long gradientAt,
      CodedMoments moments,
      long from,
      int n,
      AdamWScalars scalars,
      MemorySegment scratch,
      long scratchAt) {
    var mAbsmax = moments.mAbsmax;
    var vAbsmax = moments.vAbsmax;
    var absmaxAt = Float.BYTES * (from / DynamicCode.BLOCK);
    var vAt = scratchAt + (long) Float.BYTES * n;
    decode(DynamicCode.SIGNED, moments.m, from, mAbsmax, absmaxAt, scratch, scratchAt, n);
    decode(DynamicCode.UNSIGNED, moments.v, from, vAbsmax, absmaxAt, scratch, vAt, n);
    f32.adamW(
        parameter, parameterAt, gradient, gradientAt, scratch, scratchAt, scratch, vAt, n, scalars);
    encode(DynamicCode.SIGNED, scratch, scratchAt, moments.m, from, mAbsmax, absmaxAt, n);
    encode(DynamicCode.UNSIGNED, scratch, vAt, moments.v, from, vAbsmax, absmaxAt, n);
  }

  /** {@link StochasticRounding#narrow}. */
  default void narrow(
      MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n, long key, long first) {
    StochasticRounding.narrow(src, srcAt, dst, dstAt, n, key, first);
  }
}
