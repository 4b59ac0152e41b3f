package org.bayu.tensor.internal.kernels.gemm;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Matrix products from tiles of {@link Kernels#gemmTile}, packed in binary32 and blocked for the
 * caches.
 *
 * <p>The k of all terms is one sequence, cut into blocks of {@value TiledOperands#BLOCK_STEPS}.
 * Within a block each element of C is one chain of fused multiply-adds from zero in ascending k,
 * and the blocks' sums are added in ascending order, in binary32. That alone decides the bits:
 * everything below, who packs what and when, may depend on sizes and threads.
 *
 * <p>Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication"; Van Zee and
 * van de Geijn 2015, "BLIS".
 */
final class TiledProduct implements MatrixProduct {
  /** Rows whose packed A is no larger, so that it stays in the third-level cache, ... */
  private static final long PACKED_BYTES = 24 << 20;

  /** ... go over B together, but at least so many, for B is packed for them again, ... */
  private static final int MIN_SLAB_ROWS = 512;

  /** ... and at most so many, whose sums with a panel of B stay in the second-level cache. */
  private static final int MAX_SLAB_ROWS = 1024;

  private final int tileRows;
  private final int tileColumns;
  private final TiledOperands operands;
  private final GemmResult result;
  private final RowSlab slab;

  /** Products by these kernels on these threads. */
  TiledProduct(Kernels kernels, WorkerPool workers) {
    tileRows = kernels.tileRows();
    tileColumns = kernels.tileColumns();
    operands = new TiledOperands(kernels);
    result = new GemmResult(kernels, workers);
    slab = new RowSlab(kernels, workers, operands, result);
  }

  /**
   * {@inheritDoc}
   *
   * <p>The bits of a row of C depend on that row of A and on B alone: not on m.
   */
  @Override
  public void multiply(
      int m, int n, DType type, float alpha, boolean accumulate, Matrix c, Term... terms) {
    // A tile has more columns than rows. Cᵀ = Bᵀ·Aᵀ has the same bits and may fill tiles better.
    var transposed = padded(n, m) < 0.75 * padded(m, n);
    operands.begin(type, transposed, terms);
    result.begin(transposed ? c.transposed() : c, alpha, accumulate);
    try {
      if (transposed) {
        multiply(n, m);
      } else {
        multiply(m, n);
      }
    } finally {
      operands.end();
      result.end();
    }
  }

  /** Elements of C with the tiles filled up. */
  private double padded(int m, int n) {
    return (double) TiledOperands.roundUp(m, tileRows) * TiledOperands.roundUp(n, tileColumns);
  }

  private void multiply(int m, int n) {
    var fitting = PACKED_BYTES / (4L * Math.max(1, operands.k()));
    var most = Math.clamp(fitting, MIN_SLAB_ROWS, MAX_SLAB_ROWS);
    var rows = TiledOperands.roundUp(Math.ceilDiv(m, Math.ceilDiv(m, most)), tileRows);
    for (var row = 0; row < m; row += rows) {
      slab.multiply(row, Math.min(rows, m - row), n);
    }
  }
}
