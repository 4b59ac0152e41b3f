package org.bayu.tensor.internal.kernels.machine;

import static org.bayu.tensor.internal.kernels.machine.TileCode.ACCUMULATE;
import static org.bayu.tensor.internal.kernels.machine.TileCode.ROUND;
import static org.bayu.tensor.internal.kernels.machine.TileCode.WIDEN;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Gemm.Matrix;
import org.bayu.tensor.internal.kernels.Gemm.Term;
import org.bayu.tensor.internal.kernels.GemmResult;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;

/**
 * A product of {@link TileCode}: a task packs 64 columns of B, a block of k at a time, and runs all
 * rows of A over it while it is in the second-level cache. A is read where it lies if its k lie
 * side by side and need no rounding; else it is packed once for all columns.
 *
 * <p>Each element is one chain in ascending k over all terms, whatever the blocks: its bits depend
 * on its row of A and its column of B alone.
 */
final class PanelTasks {
  /** Steps of 32 bits in a block, at most: 128 KiB of B, 14 KiB of a tile's A. */
  static final int BLOCK_STEPS = 512;

  private static final int COLUMNS = ProductCode.COLUMNS;

  /** Rows whose sums a task holds at most, but for what fills up a panel. */
  private static final int MAX_TASK_ROWS = 4032;

  /** Rows for which packing 64 columns of B pays, at least. */
  private static final int MIN_TASK_ROWS = 448;

  /** Into so many parts the rows of a task are cut for the last panels, or one more. */
  private static final int LAST_TASK_PARTS = 4;

  /** Of so many panels one may be among the last: each is packed once more for every part. */
  private static final int PANELS_FOR_ONE_LAST = 8;

  /** Bytes of packed A at most. */
  private static final long PACKED_BYTES = 24L << 20;

  /** Bytes of A's rows that all panels of B meet before others, at most: they stay in the cache. */
  private static final long CACHED_BYTES = 12L << 20;

  /** Rows for which packing B once more pays where A's are then in the cache, at least. */
  private static final int MIN_CACHED_ROWS = 512;

  private static final Term[] NO_TERMS = {};

  private final WorkerPool workers;
  private final ProductCode code;
  private final GemmResult result;
  private final Step step;

  /** Lanes of a packed panel of A, rows of A that meet B's panel in one call. */
  private final int lanes;

  private final int vectorLanes;
  private final int tileColumns;
  private final int blockSteps;

  private final Consumer<MemorySegment> run = this::run;
  private final Task packRows = this::packRows;
  private final Task multiplyPanel = this::multiplyPanel;

  // The product under way.
  private int n;
  private boolean transposed;
  private Term[] terms = NO_TERMS;

  /** The last term that has steps; −1 if none has. */
  private int lastTerm;

  /** Bytes of a packed row of A: the terms that are packed, block after block. */
  private long packedLaneBytes;

  // The rows under way.
  private int firstRow;
  private int rows;
  private int taskRows;

  /** The panels that come last, in shorter tasks. */
  private int lastPanels;

  private int lastTaskRows;
  private MemorySegment packed = MemorySegment.NULL;

  PanelTasks(WorkerPool workers, ProductCode code, GemmResult result) {
    this.workers = workers;
    this.code = code;
    this.result = result;
    step = code.instructions().step();
    lanes = code.instructions().panelLanes();
    vectorLanes = code.instructions().vectorLanes();
    tileColumns = code.instructions().tileColumns();
    blockSteps = code.instructions().blockSteps();
  }

  /** Whether A's rows can be read as they are. */
  boolean isDirect(Term term) {
    return term.a().dtype() == step.type()
        && !step.isRounded()
        && term.a().columnStride() == 1
        && term.k() % step.elements() == 0;
  }

  /** Columns with those that fill up a vector. */
  int width(int columns) {
    return roundUp(columns, vectorLanes);
  }

  /**
   * Computes a product whose result has begun.
   *
   * @param transposed whether the terms are Bᵀ·Aᵀ of those given
   */
  void multiply(int m, int n, boolean transposed, Term... terms) {
    this.n = n;
    this.transposed = transposed;
    this.terms = terms;
    measure();
    // Packed A is a whole matrix, held for some rows at a time where it is large.
    var fitting = PACKED_BYTES / Math.max(1, packedLaneBytes) / lanes * lanes;
    var chunk = packedLaneBytes == 0 ? m : (int) Math.min(m, Math.max(lanes, fitting));
    for (firstRow = 0; firstRow < m; firstRow += chunk) {
      rows = Math.min(chunk, m - firstRow);
      workers.withScratch(packedLaneBytes * roundUp(rows, lanes), run);
    }
    this.terms = NO_TERMS;
  }

  private Term term(int i) {
    return transposed ? terms[i].transposed() : terms[i];
  }

  private void measure() {
    lastTerm = -1;
    var packedSteps = 0;
    for (var i = 0; i < terms.length; i++) {
      var term = term(i);
      lastTerm = term.k() > 0 ? i : lastTerm;
      for (var from = 0; from < term.k() && !isDirect(term); from += blockK()) {
        packedSteps = Math.addExact(packedSteps, paddedSteps(blockK(term, from)));
      }
    }
    packedLaneBytes = 4L * packedSteps;
  }

  private int blockK() {
    return blockSteps * step.elements();
  }

  /** Elements of k of the block that begins with {@code from}. */
  private int blockK(Term term, int from) {
    return Math.min(blockK(), term.k() - from);
  }

  private int steps(int k) {
    return ceilDivide(k, step.elements());
  }

  /** Steps that packing may write. */
  private int paddedSteps(int k) {
    return roundUp(steps(k), vectorLanes);
  }

  private void run(MemorySegment packed) {
    this.packed = packed;
    if (packedLaneBytes > 0) {
      workers.run(ceilDivide(rows, lanes), packRows);
    }
    var panels = ceilDivide(n, COLUMNS);
    var wanted = ceilDivide(4 * workers.threads(), panels);
    var rowTasks =
        Math.max(
            Math.max(ceilDivide(rows, MAX_TASK_ROWS), cachedParts()),
            Math.clamp(wanted, 1, Math.max(1, rows / MIN_TASK_ROWS)));
    taskRows = roundUp(ceilDivide(rows, rowTasks), lanes);
    // The last tasks are short, so that threads which were disturbed end with the others.
    lastPanels = Math.min(workers.threads(), panels / PANELS_FOR_ONE_LAST);
    lastTaskRows = Math.max(1, Math.min(taskRows, rows) / LAST_TASK_PARTS / lanes) * lanes;
    workers.run(firstTasks() + ceilDivide(rows, lastTaskRows) * lastPanels, multiplyPanel);
  }

  /** Tasks that go before those of the last panels. */
  private int firstTasks() {
    return ceilDivide(rows, taskRows) * (ceilDivide(n, COLUMNS) - lastPanels);
  }

  /** Packs a panel of A's rows. */
  private void packRows(int panel, int worker) {
    var row = panel * lanes;
    var count = Math.min(lanes, rows - row);
    var pointers = workers.scratch(worker, ProductCode.POINTER_BYTES);
    var at = row * packedLaneBytes;
    for (var i = 0; i < terms.length; i++) {
      var term = term(i);
      for (var from = 0; from < term.k() && !isDirect(term); from += blockK()) {
        var k = blockK(term, from);
        pack(term.a(), firstRow + row, count, from, k, packed, at, lanes, pointers);
        at += 4L * lanes * paddedSteps(k);
      }
    }
  }

  /** Packs a block of columns of B, those of a tile together. */
  private void packColumns(
      Matrix matrix,
      int column,
      int columns,
      int from,
      int k,
      MemorySegment to,
      MemorySegment pointers) {
    for (var i = 0; i < columns; i += tileColumns) {
      var count = Math.min(tileColumns, columns - i);
      pack(matrix, column + i, count, from, k, to, panelAt(i), width(count), pointers);
    }
  }

  /** Parts of the rows that stay in the cache while panels go by. */
  private int cachedParts() {
    var rowBytes = 0L;
    for (var term : terms) {
      rowBytes += 4L * steps(term.k());
    }
    var parts = (rows * rowBytes + CACHED_BYTES - 1) / CACHED_BYTES;
    return Math.clamp(parts, 1, Math.max(1, rows / MIN_CACHED_ROWS));
  }

  /** Where those of the tile that begins with {@code column} are. */
  private long panelAt(int column) {
    return 4L * column * blockSteps;
  }

  /** Packs a block of some lanes of a matrix [lanes, k] in a panel of {@code width} lanes. */
  private void pack(
      Matrix matrix,
      int lane,
      int lanes,
      int from,
      int k,
      MemorySegment to,
      long toAt,
      int width,
      MemorySegment pointers) {
    var type = matrix.dtype();
    var at = matrix.address(lane, from);
    var panel = to.address() + toAt;
    if (matrix.columnStride() == 1 || k == 1) {
      var stride = matrix.rowStride() * type.bytes();
      code.packSteps(type, at, stride, lanes, k, panel, width, pointers, 0);
    } else if (matrix.rowStride() == 1) {
      var stride = matrix.columnStride() * type.bytes();
      code.packLanes(type, at, stride, lanes, k, panel, width);
    } else {
      SlowPacking.pack(step, matrix, lane, lanes, from, k, to, toAt, width);
    }
  }

  /** Some of the rows with one panel of columns. */
  private void multiplyPanel(int task, int worker) {
    var panels = ceilDivide(n, COLUMNS);
    var firstTasks = firstTasks();
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
    var width = width(columns);
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
    var sums = workers.scratch(worker, 4L * count * width);
    if (lastTerm < 0) {
      sums.fill((byte) 0);
    }
    var rounded = isStored ? 0 : c.address(firstRow + row, column);
    sumBlocks(
        row,
        count,
        column,
        columns,
        sums.address(),
        4L * width,
        rounded,
        2 * c.rowStride(),
        worker);
    if (isStored) {
      result.store(firstRow + row, count, column, columns, sums, width, worker);
    }
  }

  /** Whether sums cannot be left in C by the tiles themselves. */
  private boolean isStored(int columns) {
    var c = result.c();
    return c.dtype() == DType.F16
        || (c.dtype() == DType.BF16 && !code.instructions().roundsSums())
        || c.columnStride() != 1
        || columns % vectorLanes != 0
        || !result.isUnscaled()
        || lastTerm < 0;
  }

  /**
   * Sums all blocks at address {@code sums}; rounds them in the end, to {@code rounded}, unless
   * that is 0.
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
    var width = width(columns);
    var panel = workers.scratch(worker, 4L * width * blockSteps);
    var pointers = workers.scratch(worker, ProductCode.POINTER_BYTES);
    var packedAt = packed.address() + row * packedLaneBytes;
    // Sums that are not stored apart go on from what C has.
    var begins = isStored(columns) || !result.accumulates() ? 0 : rounded == 0 ? ACCUMULATE : WIDEN;
    for (var i = 0; i < terms.length; i++) {
      var term = term(i);
      var direct = isDirect(term);
      for (var from = 0; from < term.k(); from += blockK()) {
        var k = blockK(term, from);
        packColumns(term.b().transposed(), column, columns, from, k, panel, pointers);
        var isLast = i == lastTerm && from + k == term.k();
        var flags = begins | (isLast && rounded != 0 ? ROUND : 0);
        var a = direct ? term.a().address(firstRow + row, from) : packedAt;
        var rowBytes = term.a().rowStride() * term.a().dtype().bytes();
        multiplyBlock(
            count,
            width,
            steps(k),
            !direct,
            a,
            direct ? rowBytes : packedLaneBytes,
            direct ? rowBytes : 4L * lanes,
            panel.address(),
            sums,
            stride,
            flags,
            rounded,
            roundedStride);
        packedAt += direct ? 0 : 4L * lanes * paddedSteps(k);
        begins = ACCUMULATE;
      }
    }
  }

  /** One block of k, some rows at a time, {@code laneStride} bytes apart. */
  private void multiplyBlock(
      int count,
      int width,
      int steps,
      boolean inPanel,
      long a,
      long laneStride,
      long aStride,
      long panel,
      long sums,
      long stride,
      int flags,
      long rounded,
      long roundedStride) {
    for (var lane = 0; lane < count; lane += lanes) {
      for (var column = 0; column < width; column += tileColumns) {
        code.multiply(
            Math.min(lanes, count - lane),
            Math.min(tileColumns, width - column),
            steps,
            inPanel,
            a + lane * laneStride,
            aStride,
            panel + panelAt(column),
            sums + lane * stride + 4L * column,
            stride,
            flags,
            rounded + lane * roundedStride + 2L * column,
            roundedStride);
      }
    }
  }

  private static int ceilDivide(int a, int b) {
    return (a + b - 1) / b;
  }

  static int roundUp(int a, int multiple) {
    return ceilDivide(a, multiple) * multiple;
  }
}
