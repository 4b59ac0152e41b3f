package org.bayu.tensor.internal.kernels.gemm;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels;

/**
 * The left and the right operands of the product under way: its terms side by side, cut into blocks
 * of k.
 */
final class TiledOperands {
  /**
   * Steps of k in a block: B's panel of so many stays in the second-level cache, A's in the first.
   */
  static final int BLOCK_STEPS = 512;

  private static final Term[] NONE = {};

  private final Kernels kernels;
  private boolean toBFloat16;
  private boolean transposed;
  private Term[] terms = NONE;
  private int k;

  TiledOperands(Kernels kernels) {
    this.kernels = kernels;
  }

  /**
   * The operands of the next product.
   *
   * @param transposed whether Σ Bᵀ·Aᵀ is computed
   */
  void begin(DType operands, boolean transposed, Term... terms) {
    this.toBFloat16 = operands == DType.BF16;
    this.transposed = transposed;
    this.terms = terms;
    k = 0;
    for (var term : terms) {
      k = Math.addExact(k, term.k());
    }
  }

  /** Forgets them, lest their memory be kept. */
  void end() {
    terms = NONE;
  }

  private Term oriented(Term term) {
    return transposed ? term.transposed() : term;
  }

  /** Steps of all terms. */
  int k() {
    return k;
  }

  /** Number of blocks; one that is empty where there are no steps at all. */
  int blocks() {
    return Math.max(1, Math.ceilDiv(k, BLOCK_STEPS));
  }

  /** The first step of block b. */
  int start(int b) {
    return b * BLOCK_STEPS;
  }

  /** Steps of block b. */
  int steps(int b) {
    return Math.min(k, start(b) + BLOCK_STEPS) - start(b);
  }

  /** Packs block b of these rows of the left operands, in panels of {@code width} rows. */
  void packA(int row, int rows, int b, MemorySegment dst, long dstAt, int width) {
    var start = 0;
    for (var term : terms) {
      pack(oriented(term).a(), start, term.k(), row, rows, b, dst, dstAt, width);
      start += term.k();
    }
  }

  /** Packs block b of these columns of the right operands, in panels of {@code width} columns. */
  void packB(int column, int columns, int b, MemorySegment dst, long dstAt, int width) {
    var start = 0;
    for (var term : terms) {
      pack(oriented(term).b().transposed(), start, term.k(), column, columns, b, dst, dstAt, width);
      start += term.k();
    }
  }

  /** What block b has of a term, whose k steps are its columns and begin at step {@code start}. */
  private void pack(
      Matrix lanesBySteps,
      int start,
      int termSteps,
      int lane,
      int lanes,
      int b,
      MemorySegment dst,
      long dstAt,
      int width) {
    var from = Math.max(start, start(b));
    var to = Math.min(start + termSteps, start(b) + steps(b));
    if (from < to) {
      kernels.pack(
          lanesBySteps.dtype(),
          toBFloat16,
          lanesBySteps.data(),
          lanesBySteps.byteAt(lane, from - start),
          lanesBySteps.rowStride(),
          lanesBySteps.columnStride(),
          lanes,
          to - from,
          dst,
          dstAt + 4L * (from - start(b)) * width,
          width,
          (long) steps(b) * width);
    }
  }

  static int roundUp(int a, int multiple) {
    return Math.ceilDiv(a, multiple) * multiple;
  }
}
