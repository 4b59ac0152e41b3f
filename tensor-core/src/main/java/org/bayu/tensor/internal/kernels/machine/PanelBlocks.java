package org.bayu.tensor.internal.kernels.machine;

import static org.bayu.tensor.internal.kernels.machine.PanelPacking.ceilDivide;
import static org.bayu.tensor.internal.kernels.machine.PanelPacking.roundUp;

import java.util.Arrays;
import org.bayu.tensor.internal.kernels.gemm.Term;

/**
 * The blocks of k of a product's terms, numbered through all terms, and how the product is cut
 * where its packed A is large: by rows, or by k into slices of some blocks.
 */
final class PanelBlocks {
  /** Bytes of packed A at most. */
  private static final long PACKED_BYTES = 24L << 20;

  /** Bytes of A's rows that all panels of B meet before others, at most: they stay in the cache. */
  private static final long CACHED_BYTES = 12L << 20;

  /** Bytes of sums that are held from slice to slice, at most. */
  private static final long SUMS_BYTES = 24L << 20;

  /** Rows for which packing B once more pays where A's are then in the cache, at least. */
  private static final int MIN_CACHED_ROWS = 512;

  /** Rows for which packing B costs little. */
  private static final int ENOUGH_ROWS = 2016;

  private static final Term[] NO_TERMS = {};

  private final PanelPacking packing;
  private final int lanes;

  private Term[] terms = NO_TERMS;
  private boolean transposed;
  private int count;

  // Of each block: its term, where in that its k begin, and where in a slice's packed lane it is.
  private int[] termOf = new int[64];
  private int[] from = new int[64];
  private long[] laneAt = new long[64];

  private int sliceLength;
  private long packedLaneBytes;

  PanelBlocks(PanelPacking packing) {
    this.packing = packing;
    lanes = packing.lanes();
  }

  /**
   * Begins with a product.
   *
   * @param transposed whether the terms are Bᵀ·Aᵀ of those given
   */
  void begin(boolean transposed, Term... terms) {
    this.terms = terms;
    this.transposed = transposed;
    count = 0;
    for (var i = 0; i < terms.length; i++) {
      for (var k = 0; k < terms[i].k(); k += packing.blockK()) {
        if (count == from.length) {
          termOf = Arrays.copyOf(termOf, 2 * count);
          from = Arrays.copyOf(from, 2 * count);
          laneAt = Arrays.copyOf(laneAt, 2 * count);
        }
        termOf[count] = i;
        from[count++] = k;
      }
    }
    slice(Math.max(1, count));
  }

  /** Forgets the terms, lest their memory be kept. */
  void end() {
    terms = NO_TERMS;
  }

  private void slice(int length) {
    sliceLength = length;
    packedLaneBytes = 0;
    var at = 0L;
    for (var block = 0; block < count; block++) {
      at = block % length == 0 ? 0 : at;
      laneAt[block] = at;
      at += isPacked(block) ? laneBytes(block) : 0;
      packedLaneBytes = Math.max(packedLaneBytes, at);
    }
  }

  /**
   * Cuts the product so that B is packed for as many rows at a time as can be: into slices, if the
   * rows whose sums can be held meanwhile are more than those that can be packed.
   *
   * @param columns those that sums are held of from slice to slice; 0 if k is not to be cut
   * @return rows that are computed at a time, at most
   */
  int cut(int m, int columns) {
    if (packedLaneBytes == 0) {
      return m;
    }
    var fitting = Math.max(lanes, PACKED_BYTES / packedLaneBytes / lanes * lanes);
    var inCache = Math.max(MIN_CACHED_ROWS, CACHED_BYTES / packedLaneBytes);
    var unsliced = Math.min(m, Math.min(fitting, inCache));
    var oneBlock = PACKED_BYTES / packing.laneBytes(packing.blockK());
    var summed = columns == 0 ? 0 : SUMS_BYTES / (4L * columns);
    var sliced = Math.min(m, Math.min(oneBlock, summed) / lanes * lanes);
    if (unsliced < Math.min(sliced, ENOUGH_ROWS)) {
      slice((int) Math.max(1, count * CACHED_BYTES / (packedLaneBytes * sliced)));
      return (int) sliced;
    }
    return (int) Math.min(m, fitting);
  }

  /** Parts of some rows that stay in the cache while panels go by. */
  int cachedParts(int rows) {
    if (isSliced()) {
      return 1;
    }
    var rowBytes = 0L;
    for (var term : terms) {
      rowBytes += 4L * packing.steps(term.k());
    }
    var parts = (rows * rowBytes + CACHED_BYTES - 1) / CACHED_BYTES;
    return Math.clamp(parts, 1, Math.max(1, rows / MIN_CACHED_ROWS));
  }

  /** How many there are. */
  int count() {
    return count;
  }

  /** Blocks of a slice, at most. */
  int sliceLength() {
    return sliceLength;
  }

  /** Whether there are several slices. */
  boolean isSliced() {
    return sliceLength < count;
  }

  /** The term of a block. */
  Term term(int block) {
    var term = terms[termOf[block]];
    return transposed ? term.transposed() : term;
  }

  /** Where a block's k begin. */
  int from(int block) {
    return from[block];
  }

  /** Elements of k of a block. */
  int k(int block) {
    return packing.blockK(term(block), from[block]);
  }

  /** Whether a block of A is packed: else it is read where it lies. */
  boolean isPacked(int block) {
    return !packing.isDirect(term(block));
  }

  /** Bytes of a packed lane of a block. */
  long laneBytes(int block) {
    return packing.laneBytes(k(block));
  }

  /** Bytes of so many packed rows of a slice. */
  long packedBytes(int rows) {
    return packedLaneBytes * roundUp(rows, lanes);
  }

  /** Where in a slice's so many packed rows a block's begin with that of number {@code row}. */
  long packedAt(int block, int rows, int row) {
    return laneAt[block] * roundUp(rows, lanes) + row * laneBytes(block);
  }

  /** Panels of so many rows. */
  int panels(int rows) {
    return packedLaneBytes == 0 ? 0 : ceilDivide(rows, lanes);
  }
}
