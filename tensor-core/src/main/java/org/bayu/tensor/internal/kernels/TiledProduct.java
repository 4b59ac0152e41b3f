package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Gemm.Matrix;
import org.bayu.tensor.internal.kernels.Gemm.Term;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Matrix products from tiles of {@link Kernels#gemmTile}, packed in binary32 and blocked for the
 * caches.
 *
 * <p>The k of all terms is one sequence, cut into blocks of {@value #BLOCK_STEPS}. Within a block
 * each element of C is one chain of fused multiply-adds from zero in ascending k, and the blocks'
 * sums are added in ascending order, in binary32. That alone decides the bits: everything below,
 * who packs what and when, may depend on sizes and threads.
 *
 * <p>Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication"; Van Zee and
 * van de Geijn 2015, "BLIS".
 */
final class TiledProduct implements MatrixProduct {
  /** Steps of k in a block: one column of B's panel and one of A's then fit the L1 cache. */
  static final int BLOCK_STEPS = 256;

  /** Rows of A that a task packs at most: a multiple of every tile's rows. */
  static final int BLOCK_ROWS = 120;

  /** Elements of packed B at most. */
  private static final long PACKED_ELEMENTS = 4L << 20;

  private static final int MAX_BLOCK_COLUMNS = 2048;

  private final int tileRows;
  private final int tileColumns;
  private final TiledOperands operands;
  private final GemmResult result;
  private final FewRows fewRows;
  private final ManyRows manyRows;

  /** Products by these kernels on these threads. */
  TiledProduct(Kernels kernels, WorkerPool workers) {
    tileRows = kernels.tileRows();
    tileColumns = kernels.tileColumns();
    operands = new TiledOperands(kernels);
    result = new GemmResult(kernels, workers);
    fewRows = new FewRows(kernels, workers, operands, result);
    manyRows = new ManyRows(kernels, workers, operands, result);
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
    return (double) roundUp(m, tileRows) * roundUp(n, tileColumns);
  }

  private void multiply(int m, int n) {
    if (m <= BLOCK_ROWS) {
      fewRows.multiply(m, n);
      return;
    }
    var fitting = Math.clamp(PACKED_ELEMENTS / Math.max(1, operands.k()), 1, MAX_BLOCK_COLUMNS);
    var blocks = ceilDivide(n, Math.max(fitting, ManyRows.MIN_TASK_COLUMNS));
    var blockColumns = roundUp(ceilDivide(n, blocks), tileColumns);
    for (var column = 0; column < n; column += blockColumns) {
      manyRows.multiply(m, column, Math.min(blockColumns, n - column));
    }
  }

  /** One panel of B with all panels of A. */
  static void multiplyPanel(
      Kernels kernels,
      int steps,
      int rows,
      MemorySegment a,
      long aAt,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      int cStride,
      boolean accumulate) {
    var tileRows = kernels.tileRows();
    for (var i = 0; i < rows; i += tileRows) {
      kernels.gemmTile(
          steps, a, aAt + 4L * i * steps, b, bAt, c, cAt + 4L * i * cStride, cStride, accumulate);
    }
  }

  static int ceilDivide(int a, int b) {
    return (a + b - 1) / b;
  }

  static int roundUp(int a, int multiple) {
    return ceilDivide(a, multiple) * multiple;
  }
}
