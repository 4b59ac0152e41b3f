package org.bayu.tensor.internal.kernels;

import static org.bayu.tensor.internal.kernels.TiledProduct.BLOCK_ROWS;
import static org.bayu.tensor.internal.kernels.TiledProduct.ceilDivide;
import static org.bayu.tensor.internal.kernels.TiledProduct.roundUp;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;

/**
 * A {@link TiledProduct} of many rows: B is packed for some columns and all k, by all threads; then
 * each task packs a block of A's rows, which stays in the second-level cache, and runs over the
 * packed B.
 */
final class ManyRows {
  /** Columns that a task takes at least, when there are more threads than blocks of rows. */
  static final int MIN_TASK_COLUMNS = 192;

  private final Kernels kernels;
  private final WorkerPool workers;
  private final TiledOperands operands;
  private final GemmResult result;
  private final int tileRows;
  private final int tileColumns;
  private final Consumer<MemorySegment> run = this::run;
  private final Task packPanel = this::packPanel;
  private final Task multiplyBlock = this::multiplyBlock;

  // The columns under way.
  private int m;
  private int firstColumn;
  private int n;
  private int panels;
  private int taskPanels;
  private int taskRows;
  private MemorySegment packedB = MemorySegment.NULL;

  ManyRows(Kernels kernels, WorkerPool workers, TiledOperands operands, GemmResult result) {
    this.kernels = kernels;
    this.workers = workers;
    this.operands = operands;
    this.result = result;
    tileRows = kernels.tileRows();
    tileColumns = kernels.tileColumns();
  }

  /** Computes n columns of the product of m rows that operands and result have begun. */
  void multiply(int m, int firstColumn, int n) {
    this.m = m;
    this.firstColumn = firstColumn;
    this.n = n;
    panels = ceilDivide(n, tileColumns);
    var columns = panels * tileColumns;
    var threads = workers.threads();
    // Columns are split only for want of tasks: every task packs its rows of A anew.
    var columnTasks =
        Math.clamp(
            ceilDivide(2 * threads, ceilDivide(m, BLOCK_ROWS)),
            1,
            Math.max(1, columns / MIN_TASK_COLUMNS));
    taskPanels = ceilDivide(panels, columnTasks);
    var rowTasks = roundUp(ceilDivide(m, BLOCK_ROWS), columnTasks == 1 ? threads : 1);
    taskRows = roundUp(ceilDivide(m, rowTasks), tileRows);
    workers.withScratch(4L * columns * operands.k(), run);
  }

  private void run(MemorySegment packedB) {
    this.packedB = packedB;
    workers.run(panels, packPanel);
    workers.run(ceilDivide(m, taskRows) * ceilDivide(panels, taskPanels), multiplyBlock);
  }

  private void packPanel(int p, int worker) {
    var column = p * tileColumns;
    var columns = Math.min(tileColumns, n - column);
    for (var b = 0; b < operands.blocks(); b++) {
      operands.packB(firstColumn + column, columns, b, packedB, packedAt(b, p), tileColumns);
    }
  }

  /** The byte of panel p of block b in packed B. */
  private long packedAt(int b, int p) {
    return 4L * tileColumns * ((long) panels * operands.start(b) + (long) p * operands.steps(b));
  }

  private void multiplyBlock(int task, int worker) {
    var row = task % ceilDivide(m, taskRows) * taskRows;
    var rows = Math.min(taskRows, m - row);
    var paddedRows = roundUp(rows, tileRows);
    var firstPanel = task / ceilDivide(m, taskRows) * taskPanels;
    var lastPanel = Math.min(firstPanel + taskPanels, panels);
    var stride = (lastPanel - firstPanel) * tileColumns;
    var packedA = workers.scratch(worker, 4L * TiledProduct.BLOCK_STEPS * paddedRows);
    var sums = workers.scratch(worker, 4L * paddedRows * stride);
    for (var b = 0; b < operands.blocks(); b++) {
      var steps = operands.steps(b);
      operands.packA(row, rows, b, packedA, 0, tileRows);
      for (var p = firstPanel; p < lastPanel; p++) {
        var bAt = packedAt(b, p);
        var sumsAt = 4L * (p - firstPanel) * tileColumns;
        TiledProduct.multiplyPanel(
            kernels, steps, paddedRows, packedA, 0, packedB, bAt, sums, sumsAt, stride, b > 0);
      }
    }
    var column = firstPanel * tileColumns;
    var columns = Math.min(stride, n - column);
    result.store(row, rows, firstColumn + column, columns, sums, stride, worker);
  }
}
