package org.bayu.tensor.internal.kernels;

import static org.bayu.tensor.internal.kernels.TiledProduct.ceilDivide;
import static org.bayu.tensor.internal.kernels.TiledProduct.roundUp;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;

/**
 * A {@link TiledProduct} of few rows: A is packed whole, and each task streams columns of B through
 * a panel in the first-level cache, so that a weight is read once and never written again.
 */
final class FewRows {
  /** Elements of C's block in scratch memory at most. */
  private static final int SCRATCH_ELEMENTS = 128 << 10;

  /** Below so many multiply-adds, waking threads takes longer than they save. */
  private static final double SMALL = 200_000;

  private final Kernels kernels;
  private final WorkerPool workers;
  private final TiledOperands operands;
  private final GemmResult result;
  private final int tileRows;
  private final int tileColumns;
  private final Consumer<MemorySegment> run = this::run;
  private final Task packBlock = this::packBlock;
  private final Task packAll = this::packAll;
  private final Task multiplyPanels = this::multiplyPanels;

  // The product under way.
  private int m;
  private int n;
  private boolean small;
  private int taskPanels;
  private MemorySegment packedA = MemorySegment.NULL;

  FewRows(Kernels kernels, WorkerPool workers, TiledOperands operands, GemmResult result) {
    this.kernels = kernels;
    this.workers = workers;
    this.operands = operands;
    this.result = result;
    tileRows = kernels.tileRows();
    tileColumns = kernels.tileColumns();
  }

  /** Computes the product of m rows and n columns that operands and result have begun. */
  void multiply(int m, int n) {
    this.m = m;
    this.n = n;
    var rows = roundUp(m, tileRows);
    var panels = ceilDivide(n, tileColumns);
    small = (double) rows * n * operands.k() < SMALL;
    var wanted = small ? panels : Math.max(1, panels / (4 * workers.threads()));
    taskPanels = Math.clamp(SCRATCH_ELEMENTS / (rows * tileColumns), 1, wanted);
    workers.withScratch(4L * rows * operands.k(), run);
  }

  private void run(MemorySegment packedA) {
    this.packedA = packedA;
    if (small) {
      workers.run(1, packAll);
    } else {
      workers.run(operands.blocks(), packBlock);
    }
    workers.run(ceilDivide(ceilDivide(n, tileColumns), taskPanels), multiplyPanels);
  }

  private void packAll(int task, int worker) {
    for (var b = 0; b < operands.blocks(); b++) {
      packBlock(b, worker);
    }
  }

  private void packBlock(int b, int worker) {
    operands.packA(0, m, b, packedA, packedAt(b), tileRows);
  }

  private long packedAt(int b) {
    return 4L * roundUp(m, tileRows) * operands.start(b);
  }

  private void multiplyPanels(int task, int worker) {
    var rows = roundUp(m, tileRows);
    var firstPanel = task * taskPanels;
    var lastPanel = Math.min(firstPanel + taskPanels, ceilDivide(n, tileColumns));
    var stride = (lastPanel - firstPanel) * tileColumns;
    var panel = workers.scratch(worker, 4L * TiledProduct.BLOCK_STEPS * tileColumns);
    var sums = workers.scratch(worker, 4L * rows * stride);
    for (var p = firstPanel; p < lastPanel; p++) {
      var column = p * tileColumns;
      var sumsAt = 4L * (p - firstPanel) * tileColumns;
      for (var b = 0; b < operands.blocks(); b++) {
        var steps = operands.steps(b);
        operands.packB(column, Math.min(tileColumns, n - column), b, panel, 0, tileColumns);
        TiledProduct.multiplyPanel(
            kernels, steps, rows, packedA, packedAt(b), panel, 0, sums, sumsAt, stride, b > 0);
      }
    }
    var column = firstPanel * tileColumns;
    result.store(0, m, column, Math.min(stride, n - column), sums, stride, worker);
  }
}
