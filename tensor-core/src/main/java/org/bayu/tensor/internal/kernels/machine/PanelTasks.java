package org.bayu.tensor.internal.kernels.machine;

import static org.bayu.tensor.internal.kernels.machine.PanelPacking.ceilDivide;
import static org.bayu.tensor.internal.kernels.machine.PanelPacking.roundUp;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.gemm.GemmResult;
import org.bayu.tensor.internal.kernels.gemm.Term;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;

/**
 * A product of tiles: a task packs 64 columns of B, a block of k at a time, and runs all rows of A
 * over it while it is in the second-level cache. A is read where it lies if its k lie side by side
 * and need no rounding; else it is packed once for all columns.
 *
 * <p>Each element is one chain in ascending k over all terms, whatever the blocks: its bits depend
 * on its row of A and its column of B alone.
 */
final class PanelTasks {
  private static final int COLUMNS = ProductCode.COLUMNS;

  /** Rows whose sums a task holds at most, but for what fills up a panel. */
  private static final int MAX_TASK_ROWS = 4032;

  /** Rows for which packing 64 columns of B pays, at least. */
  private static final int MIN_TASK_ROWS = 448;

  /** Into so many parts the rows of a task are cut for the last panels, at most. */
  private static final int LAST_TASK_PARTS = 4;

  /** Of so many panels one may be among the last: each is packed once more for every part. */
  private static final int PANELS_FOR_ONE_LAST = 8;

  private final WorkerPool workers;
  private final ProductCode code;
  private final GemmResult result;
  private final PanelPacking packing;
  private final PanelBlocks blocks;
  private final int lanes;
  private final int rowsTogether;
  private final int tileColumns;

  private final Consumer<MemorySegment> run = this::run;
  private final Task packRows = this::packRows;
  private final Task multiplyPanel = this::multiplyPanel;

  // The product under way.
  private int n;
  // The slice of k under way: its first block and the one behind its last.
  private int sliceFrom;
  private int sliceTo;

  // The rows under way.
  private int firstRow;
  private int rows;
  private int taskRows;

  /** The panels that come last, in shorter tasks. */
  private int lastPanels;

  private int lastTaskRows;

  /** Tasks that go before theirs. */
  private int firstTasks;

  private MemorySegment packed = MemorySegment.NULL;

  PanelTasks(WorkerPool workers, ProductCode code, GemmResult result) {
    this.workers = workers;
    this.code = code;
    this.result = result;
    packing = new PanelPacking(code);
    blocks = new PanelBlocks(packing);
    lanes = packing.lanes();
    rowsTogether = code.shape().rowsTogether();
    tileColumns = code.shape().tileColumns();
  }

  /** How operands are packed. */
  PanelPacking packing() {
    return packing;
  }

  /**
   * Computes a product whose result has begun.
   *
   * @param transposed whether the terms are Bᵀ·Aᵀ of those given
   */
  void multiply(int m, int n, boolean transposed, Term... terms) {
    this.n = n;
    blocks.begin(transposed, terms);
    // Sums in a large C would come from memory.
    var together = blocks.cut(m, result.c().dtype() == DType.F32 ? 0 : roundUp(n, COLUMNS));
    for (firstRow = 0; firstRow < m; firstRow += together) {
      rows = Math.min(together, m - firstRow);
      workers.withScratch(blocks.packedBytes(rows) + sumsBytes(), run);
    }
    blocks.end();
  }

  /** Bytes of the sums of all columns, panel after panel, that are held from slice to slice. */
  private long sumsBytes() {
    return blocks.isSliced() ? 4L * rows * roundUp(n, COLUMNS) : 0;
  }

  private void run(MemorySegment packed) {
    this.packed = packed;
    sliceFrom = 0;
    do {
      sliceTo = Math.min(blocks.count(), sliceFrom + blocks.sliceLength());
      workers.run(blocks.panels(rows), packRows);
      runPanels();
      sliceFrom = sliceTo;
    } while (sliceFrom < blocks.count());
  }

  private void runPanels() {
    var panels = ceilDivide(n, COLUMNS);
    var wanted = ceilDivide(4 * workers.threads(), panels);
    var rowTasks =
        Math.max(
            Math.max(ceilDivide(rows, MAX_TASK_ROWS), blocks.cachedParts(rows)),
            Math.clamp(wanted, 1, Math.max(1, rows / MIN_TASK_ROWS)));
    taskRows = roundUp(ceilDivide(rows, rowTasks), lanes);
    // The last tasks are short, so that threads which were disturbed end with the others.
    lastPanels =
        workers.threads() == 1 ? 0 : Math.min(workers.threads(), panels / PANELS_FOR_ONE_LAST);
    lastTaskRows = roundUp(ceilDivide(Math.min(taskRows, rows), LAST_TASK_PARTS), lanes);
    firstTasks = ceilDivide(rows, taskRows) * (panels - lastPanels);
    workers.run(firstTasks + ceilDivide(rows, lastTaskRows) * lastPanels, multiplyPanel);
  }

  /** Packs a panel of A's rows. */
  private void packRows(int panel, int worker) {
    var row = panel * lanes;
    var count = Math.min(lanes, rows - row);
    var own = workers.scratch(worker, packing.rowsScratchBytes());
    var pointers = workers.scratch(worker, ProductCode.POINTER_BYTES);
    for (var block = sliceFrom; block < sliceTo; block++) {
      if (blocks.isPacked(block)) {
        packing.packRows(
            blocks.term(block).a(),
            firstRow + row,
            count,
            blocks.from(block),
            blocks.k(block),
            packed,
            blocks.packedAt(block, rows, row),
            own,
            pointers);
      }
    }
  }

  /** Some of the rows with one panel of columns. */
  private void multiplyPanel(int task, int worker) {
    var panels = ceilDivide(n, COLUMNS);
    var isLast = task >= firstTasks;
    var firstPanels = panels - lastPanels;
    var height = isLast ? lastTaskRows : taskRows;
    var number = isLast ? task - firstTasks : task;
    var width = isLast ? lastPanels : firstPanels;
    var row = number / width * height;
    var count = Math.min(height, rows - row);
    var column = (number % width + (isLast ? firstPanels : 0)) * COLUMNS;
    multiplyPart(row, count, column, worker);
  }

  private void multiplyPart(int row, int count, int column, int worker) {
    var columns = Math.min(COLUMNS, n - column);
    var width = packing.width(columns);
    var c = result.c();
    var isStored = isStored(columns);
    if (!isStored && c.dtype() == DType.F32) {
      sumBlocks(
          row,
          count,
          column,
          columns,
          c.address(firstRow + row, column),
          4 * c.rowStride(),
          0,
          0,
          worker);
      return;
    }
    var isSliced = blocks.isSliced();
    var sums = isSliced ? packed : workers.scratch(worker, 4L * count * width);
    var sumsAt =
        isSliced ? blocks.packedBytes(rows) + 4 * ((long) rows * column + (long) row * width) : 0;
    if (blocks.count() == 0) {
      sums.fill((byte) 0);
    }
    var rounded = isStored ? 0 : c.address(firstRow + row, column);
    sumBlocks(
        row,
        count,
        column,
        columns,
        sums.address() + sumsAt,
        4L * width,
        rounded,
        2 * c.rowStride(),
        worker);
    if (isStored && sliceTo == blocks.count()) {
      result.store(firstRow + row, count, column, columns, sums, sumsAt, width, worker);
    }
  }

  /** Whether sums cannot be left in C by the tiles themselves. */
  private boolean isStored(int columns) {
    var c = result.c();
    return c.dtype() == DType.F16
        || (c.dtype() == DType.BF16 && !code.shape().roundsSums())
        || c.columnStride() != 1
        || !packing.fillsVectors(columns)
        || !result.isPlain()
        || blocks.count() == 0;
  }

  /**
   * Sums the slice's blocks at address {@code sums}; rounds them in the end, to {@code rounded},
   * unless that is 0.
   */
  private void sumBlocks(
      int row,
      int count,
      int column,
      int columns,
      long sums,
      long stride,
      long rounded,
      long roundedStride,
      int worker) {
    var width = packing.width(columns);
    var panel = workers.scratch(worker, packing.columnsBytes(columns));
    var pointers = workers.scratch(worker, ProductCode.POINTER_BYTES);
    for (var block = sliceFrom; block < sliceTo; block++) {
      var term = blocks.term(block);
      var from = blocks.from(block);
      var k = blocks.k(block);
      packing.packColumns(term.b(), column, columns, from, k, panel, pointers);
      var isPacked = blocks.isPacked(block);
      var rowBytes = term.a().rowStride() * term.a().dtype().bytes();
      multiplyBlock(
          count,
          width,
          k,
          isPacked,
          isPacked
              ? packed.address() + blocks.packedAt(block, rows, row)
              : term.a().address(firstRow + row, from),
          isPacked ? blocks.laneBytes(block) : rowBytes,
          isPacked ? 4L * lanes : rowBytes,
          panel.address(),
          sums,
          stride,
          block > 0,
          block == blocks.count() - 1 ? rounded : 0,
          roundedStride);
    }
  }

  /** One block of k, some rows at a time, {@code laneStride} bytes apart. */
  private void multiplyBlock(
      int count,
      int width,
      int k,
      boolean inPanel,
      long a,
      long laneStride,
      long aStride,
      long panel,
      long sums,
      long stride,
      boolean accumulate,
      long rounded,
      long roundedStride) {
    var steps = packing.steps(k);
    var inStrips = inPanel && code.shape().hasStrips();
    for (var lane = 0; lane < count; lane += rowsTogether) {
      for (var column = 0; column < width; column += tileColumns) {
        var laneCount = Math.min(rowsTogether, count - lane);
        var columnCount = Math.min(tileColumns, width - column);
        var aAt = a + lane * laneStride;
        var b = panel + packing.columnAt(column);
        var c = sums + lane * stride + 4L * column;
        if (inStrips) {
          var tileStride = packing.tileStride(k);
          code.multiplyStrips(
              laneCount, columnCount, steps, aAt, tileStride, b, c, stride, accumulate);
          continue;
        }
        code.multiply(
            laneCount,
            columnCount,
            steps,
            inPanel,
            aAt,
            aStride,
            b,
            c,
            stride,
            accumulate,
            rounded == 0 ? 0 : rounded + lane * roundedStride + 2L * column,
            roundedStride);
      }
    }
  }
}
