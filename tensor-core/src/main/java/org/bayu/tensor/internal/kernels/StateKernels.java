package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;

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

  /** {@link StochasticRounding#narrow}. */
  default void narrow(
      MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n, long key, long first) {
    StochasticRounding.narrow(src, srcAt, dst, dstAt, n, key, first);
  }
}
