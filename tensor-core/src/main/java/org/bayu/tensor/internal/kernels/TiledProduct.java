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
 * <p>Many rows: B is packed for some columns and all k, by all threads; then each task packs a
 * block of A's rows, which stays in the second-level cache, and runs over the packed B. Few rows: A
 * is packed whole, and each task streams columns of B through a panel in the first-level cache, so
 * that a weight is read once and never written again. Goto and van de Geijn 2008, "Anatomy of
 * High-Performance Matrix Multiplication"; Van Zee and van de Geijn 2015, "BLIS".
 */
final class TiledProduct implements MatrixProduct {
  /** Steps of k in a block: one column of B's panel and one of A's then fit the L1 cache. */
  static final int BLOCK_STEPS = 256;

  /** Rows of A that a task packs at most: a multiple of every tile's rows. */
  static final int BLOCK_ROWS = 120;

  /** Elements of packed B at most. */
  private static final long PACKED_ELEMENTS = 4L << 20;

  private static final int MAX_BLOCK_COLUMNS = 2048;

  /** Columns that a task takes at least, when there are more threads than blocks of rows. */
  private static final int MIN_TASK_COLUMNS = 192;

  /** Elements of C's block in scratch memory at most, when there are few rows. */
  private static final int SCRATCH_ELEMENTS = 128 << 10;

  /** Below so many multiply-adds, waking threads takes longer than they save. */
  private static final double SMALL = 200_000;

  private final Kernels kernels;
  private final WorkerPool workers;
  private final int tileRows;
  private final int tileColumns;

  /** Products by these kernels on these threads. */
  TiledProduct(Kernels kernels, WorkerPool workers) {
    this.kernels = kernels;
    this.workers = workers;
    this.tileRows = kernels.tileRows();
    this.tileColumns = kernels.tileColumns();
  }

  /**
   * {@inheritDoc}
   *
   * <p>The bits of a row of C depend on that row of A and on B alone: not on m.
   */
  @Override
  public void multiply(
      int m, int n, DType operands, float alpha, boolean accumulate, Matrix c, Term... terms) {
    // A tile has more columns than rows. Cᵀ = Bᵀ·Aᵀ has the same bits and may fill tiles better.
    if (padded(n, m) < 0.75 * padded(m, n)) {
      var transposed = new Term[terms.length];
      for (var i = 0; i < terms.length; i++) {
        transposed[i] = terms[i].transposed();
      }
      multiplyTiled(
          n,
          m,
          new TiledOperands(kernels, operands, transposed),
          new GemmResult(kernels, c.transposed(), alpha, accumulate));
    } else {
      multiplyTiled(
          m,
          n,
          new TiledOperands(kernels, operands, terms),
          new GemmResult(kernels, c, alpha, accumulate));
    }
  }

  /** Elements of C with the tiles filled up. */
  private double padded(int m, int n) {
    return (double) roundUp(m, tileRows) * roundUp(n, tileColumns);
  }

  private void multiplyTiled(int m, int n, TiledOperands operands, GemmResult result) {
    if (m <= BLOCK_ROWS) {
      multiplyFewRows(m, n, operands, result);
      return;
    }
    var fitting = Math.clamp(PACKED_ELEMENTS / Math.max(1, operands.k()), 1, MAX_BLOCK_COLUMNS);
    var blocks = ceilDivide(n, Math.max(fitting, MIN_TASK_COLUMNS));
    var blockColumns = roundUp(ceilDivide(n, blocks), tileColumns);
    for (var column = 0; column < n; column += blockColumns) {
      multiplyManyRows(m, column, Math.min(blockColumns, n - column), operands, result);
    }
  }

  private void multiplyFewRows(int m, int n, TiledOperands operands, GemmResult result) {
    var rows = roundUp(m, tileRows);
    var panels = ceilDivide(n, tileColumns);
    var small = (double) rows * n * operands.k() < SMALL;
    var wanted = small ? panels : Math.max(1, panels / (4 * workers.threads()));
    var taskPanels = Math.clamp(SCRATCH_ELEMENTS / (rows * tileColumns), 1, wanted);
    workers.withScratch(
        4L * rows * operands.k(),
        packedA -> {
          workers.run(
              small ? 1 : operands.blocks(),
              (task, worker) -> {
                for (var b = task; b < (small ? operands.blocks() : task + 1); b++) {
                  operands.packA(0, m, b, packedA, 4L * rows * operands.start(b), tileRows);
                }
              });
          workers.run(
              ceilDivide(panels, taskPanels),
              (task, worker) -> {
                var firstPanel = task * taskPanels;
                var lastPanel = Math.min(firstPanel + taskPanels, panels);
                var stride = (lastPanel - firstPanel) * tileColumns;
                var panel = workers.scratch(worker, 4L * BLOCK_STEPS * tileColumns);
                var sums = workers.scratch(worker, 4L * rows * stride);
                for (var p = firstPanel; p < lastPanel; p++) {
                  var column = p * tileColumns;
                  var columns = Math.min(tileColumns, n - column);
                  for (var b = 0; b < operands.blocks(); b++) {
                    operands.packB(column, columns, b, panel, 0, tileColumns);
                    multiplyPanel(
                        operands.steps(b),
                        rows,
                        packedA,
                        4L * rows * operands.start(b),
                        panel,
                        0,
                        sums,
                        4L * (p - firstPanel) * tileColumns,
                        stride,
                        b > 0);
                  }
                }
                var column = firstPanel * tileColumns;
                result.store(
                    0, m, column, Math.min(stride, n - column), sums, stride, workers, worker);
              });
        });
  }

  private void multiplyManyRows(
      int m, int firstColumn, int n, TiledOperands operands, GemmResult result) {
    var panels = ceilDivide(n, tileColumns);
    var columns = panels * tileColumns;
    var threads = workers.threads();
    // Columns are split only for want of tasks: every task packs its rows of A anew.
    var columnTasks =
        Math.clamp(
            ceilDivide(2 * threads, ceilDivide(m, BLOCK_ROWS)),
            1,
            Math.max(1, columns / MIN_TASK_COLUMNS));
    var taskPanels = ceilDivide(panels, columnTasks);
    var rowTasks = roundUp(ceilDivide(m, BLOCK_ROWS), columnTasks == 1 ? threads : 1);
    var taskRows = roundUp(ceilDivide(m, rowTasks), tileRows);
    workers.withScratch(
        4L * columns * operands.k(),
        packedB -> {
          workers.run(
              panels,
              (p, worker) -> {
                var column = p * tileColumns;
                for (var b = 0; b < operands.blocks(); b++) {
                  operands.packB(
                      firstColumn + column,
                      Math.min(tileColumns, n - column),
                      b,
                      packedB,
                      panelAt(operands, columns, b, p),
                      tileColumns);
                }
              });
          workers.run(
              ceilDivide(m, taskRows) * ceilDivide(panels, taskPanels),
              (task, worker) -> {
                var row = task % ceilDivide(m, taskRows) * taskRows;
                var rows = Math.min(taskRows, m - row);
                var paddedRows = roundUp(rows, tileRows);
                var firstPanel = task / ceilDivide(m, taskRows) * taskPanels;
                var lastPanel = Math.min(firstPanel + taskPanels, panels);
                var stride = (lastPanel - firstPanel) * tileColumns;
                var packedA = workers.scratch(worker, 4L * BLOCK_STEPS * paddedRows);
                var sums = workers.scratch(worker, 4L * paddedRows * stride);
                for (var b = 0; b < operands.blocks(); b++) {
                  operands.packA(row, rows, b, packedA, 0, tileRows);
                  for (var p = firstPanel; p < lastPanel; p++) {
                    multiplyPanel(
                        operands.steps(b),
                        paddedRows,
                        packedA,
                        0,
                        packedB,
                        panelAt(operands, columns, b, p),
                        sums,
                        4L * (p - firstPanel) * tileColumns,
                        stride,
                        b > 0);
                  }
                }
                var column = firstPanel * tileColumns;
                result.store(
                    row,
                    rows,
                    firstColumn + column,
                    Math.min(stride, n - column),
                    sums,
                    stride,
                    workers,
                    worker);
              });
        });
  }

  /** The byte of panel p of block b in packed B, where a block holds {@code columns} columns. */
  private long panelAt(TiledOperands operands, int columns, int b, int p) {
    return 4 * ((long) columns * operands.start(b) + (long) p * tileColumns * operands.steps(b));
  }

  /** One panel of B with all panels of A. */
  private void multiplyPanel(
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
    for (var i = 0; i < rows; i += tileRows) {
      kernels.gemmTile(
          steps, a, aAt + 4L * i * steps, b, bAt, c, cAt + 4L * i * cStride, cStride, accumulate);
    }
  }

  private static int ceilDivide(int a, int b) {
    return (a + b - 1) / b;
  }

  private static int roundUp(int a, int multiple) {
    return ceilDivide(a, multiple) * multiple;
  }
}
