package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;

/**
 * Products of a few rows of binary32 with many rows that stay where they are, as in generation:
 * those are one head's keys or values, {@code stride} bytes apart, and are read once. Single
 * threaded, over off-heap memory.
 *
 * <p>An element's bits depend on its two operands alone, not on how many rows are multiplied
 * together.
 */
public interface CacheKernels {
  /** Elements that may be written behind those of a row of scores. */
  int SCORES_BEHIND = 8;

  /** Whether rows of {@code headDim} elements of {@code type} can be read. F32 always can. */
  boolean fits(DType type, int headDim);

  /**
   * scores[i, j] = a[i]·x[j].
   *
   * @param rows rows of a, which lie one behind the other
   * @param keys rows of x
   * @param scoresStride elements from row to row of scores, {@value #SCORES_BEHIND} more than
   *     {@code keys} at least
   */
  void multiplyRows(
      int rows,
      MemorySegment a,
      long aAt,
      int headDim,
      DType type,
      MemorySegment x,
      long xAt,
      long stride,
      int keys,
      MemorySegment scores,
      long scoresAt,
      int scoresStride);

  /**
   * sums[i] = Σ weights[i, j]·x[j], of each element a chain in ascending j.
   *
   * @param rows rows of sums, which lie one behind the other
   * @param weightsStride elements from row to row of weights
   * @param keys rows of x
   */
  void addRows(
      int rows,
      MemorySegment weights,
      long weightsAt,
      int weightsStride,
      int headDim,
      DType type,
      MemorySegment x,
      long xAt,
      long stride,
      int keys,
      MemorySegment sums,
      long sumsAt);
}
