package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;

/**
 * What attention in bf16 is made of: products and softmax of tiles of at most {@value #BLOCK} query
 * rows and {@value #BLOCK} keys. Single-threaded, over off-heap memory; rows of tensors are {@code
 * stride} bytes apart and hold {@code headDim} bf16 of one head, an even number up to {@value
 * #MAX_HEAD_DIM}.
 *
 * <p>Products have sums in binary32. A tile's scores are binary32, {@value #BLOCK} from row to row.
 * Its weights are bf16 where the processor multiplies those, else binary32.
 *
 * <p>Of bf16 they have {@value #BLOCK} elements from row to row, and those that a transposed
 * product takes lie in panels: the pairs of rows 2s and 2s + 1 side by side for each key, {@value
 * #PANEL_KEYS} keys from pair to pair (more than a block, lest all pairs fall into the same sets of
 * the cache). Of binary32 a panel is the rows themselves, {@value #PANEL_KEYS} elements from row to
 * row.
 */
public interface AttentionKernels {
  /** Rows and keys of a tile at most. */
  int BLOCK = 128;

  /** Columns of scores that are computed together. */
  int COLUMNS = 64;

  int MAX_HEAD_DIM = 256;

  /** Keys from one pair of rows to the next in a panel of weights. */
  int PANEL_KEYS = 144;

  /** Bytes of a tile's scores. */
  long SCORES_BYTES = 4L * BLOCK * BLOCK;

  /** Bytes of the exponentials' sums that {@link #softmax} keeps for a row: 16 lanes. */
  long LANES_BYTES = 64;

  /** Bytes of what {@link #softmax} keeps of a row's shift. */
  long SHIFT_BYTES = 8;

  /** The type of weights, BF16 or F32. */
  DType weightType();

  /** The byte of a row's weights. */
  default long weightAt(int row) {
    return weightType() == DType.BF16 ? 2L * row * BLOCK : 4L * row * PANEL_KEYS;
  }

  /** Bytes of a tile's weights. */
  default long weightsBytes() {
    return weightAt(BLOCK);
  }

  /** Bytes of a panel of a tile's weights. */
  default long panelBytes() {
    return (long) weightType().bytes() * BLOCK * PANEL_KEYS;
  }

  /**
   * Bytes of rows as {@link #multiplyRows} takes them on its left; 0 if it takes them as they are.
   */
  long leftBytes(int rows, int headDim);

  /** Bytes from one such row to the next. */
  long leftStride(int headDim);

  /** Makes rows what {@link #multiplyRows} takes on its left, unless it takes them as they are. */
  void toLeft(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt);

  /** Bytes that {@link #packRows} writes for so many rows. */
  long packedRowsBytes(int rows, int headDim);

  /** Bytes that {@link #packFeatures} writes for so many rows. */
  long packedFeaturesBytes(int rows, int headDim);

  /** Bytes from row to row of sums of features. */
  long sumsStride(int headDim);

  /** Packs rows for {@link #multiplyRows}. */
  void packRows(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt);

  /** Packs rows for {@link #multiplyFeatures} and {@link #multiplyTransposed}. */
  void packFeatures(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt);

  /**
   * scores[i, j] = a[i]·x[j] for the packed rows j &lt; {@code columns}, and further columns up to
   * a multiple of {@value #COLUMNS} at most.
   *
   * @param a rows as they are, or what {@link #toLeft} made of them
   * @param packedRows rows that were packed
   */
  void multiplyRows(
      int rows,
      MemorySegment a,
      long aAt,
      long stride,
      int headDim,
      MemorySegment packed,
      long packedAt,
      int packedRows,
      int columns,
      MemorySegment scores,
      long scoresAt);

  /** sums[i] += Σ weights[i, j]·x[j] for the packed rows j &lt; {@code keys}. */
  void multiplyFeatures(
      int rows,
      MemorySegment weights,
      long weightsAt,
      int keys,
      MemorySegment packed,
      long packedAt,
      int packedRows,
      int headDim,
      MemorySegment sums,
      long sumsAt);

  /**
   * sums[j] += Σ weights[i, j]·x[i] for the keys {@code key} ≤ j &lt; {@code key + keys} and the
   * packed rows {@code from} ≤ i &lt; {@code to}.
   *
   * @param panel the weights' panel, from row 0
   * @param from even
   * @param sumsAt where those of key 0 are
   */
  void multiplyTransposed(
      int key,
      int keys,
      MemorySegment panel,
      int from,
      int to,
      MemorySegment packed,
      long packedAt,
      int packedRows,
      int headDim,
      MemorySegment sums,
      long sumsAt);

  /**
   * weights[i, j] = 2^(scale·scores[i, j] + shift[i]), the product rounded first, for j &lt;
   * visible[i], zero for other j; adds them to the row's lanes of sums. A row's shift is the number
   * before its factor; a weight that would exceed 2³² makes it −scale·(the row's greatest score),
   * and what was summed so far has to be multiplied with the factor: the lanes were already. The
   * first time, when the shift is +∞, there is nothing to multiply, and the factor stays.
   *
   * @param columns weights of a row that are written, at least; up to a multiple of 32
   * @param visible an int for each row, at least 1
   * @param lanes {@value #LANES_BYTES} bytes for each row
   * @param shifts {@value #SHIFT_BYTES} bytes for each row
   * @param raised an int, made 1 when any factor was written
   */
  void softmax(
      int rows,
      int columns,
      MemorySegment scores,
      long scoresAt,
      MemorySegment weights,
      long weightsAt,
      MemorySegment visible,
      long visibleAt,
      float scale,
      MemorySegment lanes,
      long lanesAt,
      MemorySegment shifts,
      long shiftsAt,
      MemorySegment raised);

  /**
   * With p[i, j] = 2^(scale·scores[i, j] + first[i]) and ds = p·(products[i, j] + second[i]) for j
   * &lt; visible[i], and zero for other j: writes ds by rows, and p and ds as panels. Where a panel
   * is the rows themselves, ds by rows and as a panel are one, given as both.
   *
   * @param from the first row, even; all memory is that of row 0
   * @param to up to an even row
   * @param columns that are written, at least; up to a multiple of 16
   * @param terms two floats for each row, from byte {@code termsAt} on
   */
  void softmaxGradient(
      int from,
      int to,
      int columns,
      float scale,
      MemorySegment scores,
      MemorySegment products,
      MemorySegment visible,
      MemorySegment terms,
      long termsAt,
      MemorySegment gradients,
      MemorySegment weightsPanel,
      MemorySegment gradientsPanel);

  /** to[i] = bf16(factor[i] · sums[i]), of one factor for each row or, with stride 0, for all. */
  void storeRows(
      int rows,
      MemorySegment sums,
      long sumsAt,
      MemorySegment factors,
      long factorStride,
      int headDim,
      MemorySegment to,
      long toAt,
      long stride);
}
