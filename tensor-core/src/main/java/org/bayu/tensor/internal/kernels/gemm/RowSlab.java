package org.bayu.tensor.internal.kernels.gemm;

import static org.bayu.tensor.internal.kernels.gemm.TiledOperands.roundUp;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;

/**
 * Some rows of a {@link TiledProduct}: A is packed whole, and each task streams columns of B
 * through a panel in its caches, so that a weight is read once and never written again.
 */
final class RowSlab {
  /** Elements of C's block in scratch memory at most: half of a second-level cache of 1 MB. */
  private static final int SCRATCH_ELEMENTS = 128 << 10;

  /** Below so many multiply-adds, waking threads takes longer than they save. */
  private static final double SMALL = 200_000;

  /** Packing B's panel takes as long as this many rows of A with it, roughly. */
  private static final int PACKING_ROWS = 30;

  /** Rows of A that a task packs. */
  private static final int PACKED_ROWS = 120;

  private final Kernels kernels;
  private final WorkerPool workers;
  private final TiledOperands operands;
  private final GemmResult result;
  private final int tileRows;
  private final int tileColumns;
  private final Consumer<MemorySegment> run = this::run;
  private final Task packRows = this::packRows;
  private final Task packAll = this::packAll;
  private final Task multiplyPanels = this::multiplyPanels;

  // The rows under way.
  private int firstRow;
  private int m;
  private int n;
  private boolean small;
  private int taskRows;
  private int taskPanels;
  private MemorySegment packedA = MemorySegment.NULL;

  RowSlab(Kernels kernels, WorkerPool workers, TiledOperands operands, GemmResult result) {
    this.kernels = kernels;
    this.workers = workers;
    this.operands = operands;
    this.result = result;
    tileRows = kernels.tileRows();
    tileColumns = kernels.tileColumns();
  }

  /** Computes m rows of the product of n columns that operands and result have begun. */
  void multiply(int firstRow, int m, int n) {
    this.firstRow = firstRow;
    this.m = m;
    this.n = n;
    var rows = roundUp(m, tileRows);
    var panels = Math.ceilDiv(n, tileColumns);
    small = (double) rows * n * operands.k() < SMALL;
    taskRows = small ? rows : taskRows(rows / tileRows, panels);
    var tasks = panels * Math.ceilDiv(rows, taskRows);
    var wanted = small ? panels : Math.max(1, tasks / (4 * workers.threads()));
    taskPanels = Math.clamp(SCRATCH_ELEMENTS / (taskRows * tileColumns), 1, wanted);
    workers.withScratch(4L * rows * operands.k(), run);
  }

  /**
   * Rows of A for a task: all, unless so few panels leave threads without work. The rows are split
   * where that ends earlier although each task packs its panel of B itself.
   */
  private int taskRows(int tiles, int panels) {
    var best = tiles;
    var least = Long.MAX_VALUE;
    for (var parts = 1; parts <= Math.min(tiles, 2 * workers.threads()); parts++) {
      var some = Math.ceilDiv(tiles, parts);
      var turns = Math.ceilDiv(panels * Math.ceilDiv(tiles, some), workers.threads());
      var time = turns * ((long) some * tileRows + PACKING_ROWS);
      if (time < least) {
        least = time;
        best = some;
      }
    }
    return best * tileRows;
  }

  private void run(MemorySegment packedA) {
    this.packedA = packedA;
    if (small) {
      workers.run(1, packAll);
    } else {
      workers.run(packingTasks(), packRows);
    }
    var panelTasks = Math.ceilDiv(Math.ceilDiv(n, tileColumns), taskPanels);
    workers.run(panelTasks * Math.ceilDiv(m, taskRows), multiplyPanels);
  }

  private int packingTasks() {
    return operands.blocks() * Math.ceilDiv(m, PACKED_ROWS);
  }

  private void packAll(int task, int worker) {
    for (var t = 0; t < packingTasks(); t++) {
      packRows(t, worker);
    }
  }

  private void packRows(int task, int worker) {
    var b = task % operands.blocks();
    var row = task / operands.blocks() * PACKED_ROWS;
    var rows = Math.min(PACKED_ROWS, m - row);
    operands.packA(firstRow + row, rows, b, packedA, packedAt(b, row), tileRows);
  }

  /** The byte of block b of packed A from this row on. */
  private long packedAt(int b, int row) {
    return 4L * (roundUp(m, tileRows) * (long) operands.start(b) + row * (long) operands.steps(b));
  }

  private void multiplyPanels(int task, int worker) {
    var rowTasks = Math.ceilDiv(m, taskRows);
    var row = task % rowTasks * taskRows;
    var rows = Math.min(taskRows, m - row);
    var paddedRows = roundUp(rows, tileRows);
    var firstPanel = task / rowTasks * taskPanels;
    var lastPanel = Math.min(firstPanel + taskPanels, Math.ceilDiv(n, tileColumns));
    var stride = (lastPanel - firstPanel) * tileColumns;
    var panel = workers.scratch(worker, 4L * TiledOperands.BLOCK_STEPS * tileColumns);
    var sums = workers.scratch(worker, 4L * paddedRows * stride);
    for (var p = firstPanel; p < lastPanel; p++) {
      var column = p * tileColumns;
      var columns = Math.min(tileColumns, n - column);
      var sumsAt = 4L * (p - firstPanel) * tileColumns;
      for (var b = 0; b < operands.blocks(); b++) {
        operands.packB(column, columns, b, panel, 0, tileColumns);
        multiplyPanel(b, row, paddedRows, panel, sums, sumsAt, stride);
      }
    }
    var column = firstPanel * tileColumns;
    var columns = Math.min(stride, n - column);
    result.store(firstRow + row, rows, column, columns, sums, 0, stride, worker);
  }

  /** One panel of B with these rows of A. */
  private void multiplyPanel(
      int b, int row, int rows, MemorySegment panel, MemorySegment sums, long sumsAt, int stride) {
    var steps = operands.steps(b);
    for (var i = 0; i < rows; i += tileRows) {
      var aAt = packedAt(b, row + i);
      var cAt = sumsAt + 4L * i * stride;
      kernels.gemmTile(steps, packedA, aAt, panel, 0, sums, cAt, stride, b > 0);
    }
  }
}
