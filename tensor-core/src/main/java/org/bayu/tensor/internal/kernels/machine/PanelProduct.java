package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Gemm.Matrix;
import org.bayu.tensor.internal.kernels.Gemm.Term;
import org.bayu.tensor.internal.kernels.GemmResult;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.MatrixProduct;
import org.bayu.tensor.internal.kernels.machine.ProductCode.Left;
import org.bayu.tensor.internal.kernels.machine.ProductCode.Sums;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Matrix products of {@link TileCode}: a task packs 64 columns of B, a block of k at a time, and
 * runs all rows of A over it while it is in the second-level cache. A is read where it lies if its
 * k lie side by side and need no rounding; else it is packed once for all columns.
 *
 * <p>Each element is one chain in ascending k over all terms, whatever the blocks: its bits depend
 * on its row of A and its column of B alone. A product of few rows is a {@link StreamProduct},
 * whose sums have another order.
 */
final class PanelProduct implements MatrixProduct {
  /** Steps of 32 bits in a block: 128 KiB of B, 14 KiB of a tile's A. */
  static final int BLOCK_STEPS = 512;

  private static final int COLUMNS = 16 * TileCode.VECTORS;

  /** Rows whose sums a task holds at most: a whole number of A's panels. */
  private static final int MAX_TASK_ROWS = 36 * TileCode.LANES;

  /** Rows for which packing 64 columns of B pays, at least. */
  private static final int MIN_TASK_ROWS = 4 * TileCode.LANES;

  /** Bytes of packed A at most. */
  private static final long PACKED_BYTES = 24L << 20;

  /** What packing an element costs, in multiply-adds. */
  private static final double PACKING = 30;

  /** What storing an element of C costs where they do not lie side by side, in multiply-adds. */
  private static final double SCATTERING = 1000;

  private final Kernels kernels;
  private final ProductCode f32Code;
  private final ProductCode bfloat16Code;
  private final WorkerPool workers;

  PanelProduct(Kernels kernels, ProductCode f32Code, ProductCode bfloat16Code, WorkerPool workers) {
    this.kernels = kernels;
    this.f32Code = f32Code;
    this.bfloat16Code = bfloat16Code;
    this.workers = workers;
  }

  @Override
  public void multiply(
      int m, int n, DType operands, float alpha, boolean accumulate, Matrix c, Term... terms) {
    if (StreamProduct.takes(m, terms)) {
      var code = operands == DType.BF16 ? bfloat16Code : f32Code;
      var result = new GemmResult(kernels, c, alpha, accumulate);
      new StreamProduct(kernels, code, workers, operands).multiply(m, n, result, terms);
      return;
    }
    var swapped = new Term[terms.length];
    var cost = scatteringCost(m, n, c);
    var swappedCost = scatteringCost(m, n, c.transposed());
    for (var i = 0; i < terms.length; i++) {
      swapped[i] = terms[i].transposed();
      cost += cost(m, n, operands, terms[i]);
      swappedCost += cost(n, m, operands, swapped[i]);
    }
    if (swappedCost < cost) {
      var result = new GemmResult(kernels, c.transposed(), alpha, accumulate);
      new Product(n, m, operands, result, swapped).run();
    } else {
      new Product(m, n, operands, new GemmResult(kernels, c, alpha, accumulate), terms).run();
    }
  }

  private static double scatteringCost(int m, int n, Matrix c) {
    return c.columnStride() == 1 ? 0 : SCATTERING * m * n;
  }

  private static double cost(int m, int n, DType operands, Term term) {
    var columns = roundUp(n, 16);
    var packedRows = isDirect(term, operands) ? 0 : m;
    return term.k() * ((double) m * columns + PACKING * ((double) packedRows + columns));
  }

  /** Whether A's rows can be read as they are. */
  private static boolean isDirect(Term term, DType operands) {
    return term.a().dtype() == operands
        && term.a().columnStride() == 1
        && (operands == DType.F32 || term.k() % 2 == 0);
  }

  /** Some k of one term: what one packed panel of B holds. */
  private record Block(Term term, int from, int k, long packedAt) {}

  /** One product in its orientation. */
  private final class Product {
    private final int m;
    private final int n;
    private final ProductCode code;
    private final boolean bfloat16;
    private final int elements;
    private final GemmResult result;
    private final List<Block> blocks = new ArrayList<>();
    private final long packedLaneBytes;

    Product(int m, int n, DType operands, GemmResult result, Term... terms) {
      this.m = m;
      this.n = n;
      this.bfloat16 = operands == DType.BF16;
      this.code = bfloat16 ? bfloat16Code : f32Code;
      this.elements = bfloat16 ? 2 : 1;
      this.result = result;
      var packedSteps = 0;
      for (var term : terms) {
        var direct = isDirect(term, operands);
        for (var from = 0; from < term.k(); from += BLOCK_STEPS * elements) {
          var k = Math.min(BLOCK_STEPS * elements, term.k() - from);
          blocks.add(new Block(term, from, k, direct ? -1 : packedSteps));
          packedSteps = Math.addExact(packedSteps, direct ? 0 : paddedSteps(k));
        }
      }
      packedLaneBytes = 4L * packedSteps;
    }

    private int steps(int k) {
      return (k + elements - 1) / elements;
    }

    /** Steps that packing may write. */
    private int paddedSteps(int k) {
      return roundUp(steps(k), 16);
    }

    void run() {
      // Packed A is a whole matrix, held for some rows at a time where it is large.
      var fitting = PACKED_BYTES / Math.max(1, packedLaneBytes) / TileCode.LANES * TileCode.LANES;
      var chunk = packedLaneBytes == 0 ? m : (int) Math.min(m, Math.max(TileCode.LANES, fitting));
      for (var row = 0; row < m; row += chunk) {
        var from = row;
        var rows = Math.min(chunk, m - row);
        workers.withScratch(
            packedLaneBytes * roundUp(rows, TileCode.LANES), packed -> run(from, rows, packed));
      }
    }

    private void run(int firstRow, int rows, MemorySegment packed) {
      packA(firstRow, rows, packed);
      var panels = ceilDivide(n, COLUMNS);
      var wanted = ceilDivide(4 * workers.threads(), panels);
      var rowTasks =
          Math.max(
              ceilDivide(rows, MAX_TASK_ROWS),
              Math.clamp(wanted, 1, Math.max(1, rows / MIN_TASK_ROWS)));
      var taskRows = roundUp(ceilDivide(rows, rowTasks), TileCode.LANES);
      rowTasks = ceilDivide(rows, taskRows);
      workers.run(
          rowTasks * panels,
          (task, worker) -> {
            var row = task / panels * taskRows;
            multiply(
                firstRow,
                row,
                Math.min(taskRows, rows - row),
                task % panels * COLUMNS,
                packed,
                worker);
          });
    }

    private void packA(int firstRow, int rows, MemorySegment packed) {
      if (packedLaneBytes == 0) {
        return;
      }
      workers.run(
          ceilDivide(rows, TileCode.LANES),
          (panel, worker) -> {
            var row = panel * TileCode.LANES;
            var lanes = Math.min(TileCode.LANES, rows - row);
            var pointers = workers.scratch(worker, ProductCode.POINTER_BYTES);
            for (var block : blocks) {
              if (block.packedAt >= 0) {
                var at = packedAt(block, row);
                pack(
                    block.term.a(),
                    firstRow + row,
                    lanes,
                    block,
                    packed,
                    at,
                    TileCode.LANES,
                    pointers);
              }
            }
          });
    }

    /** Where the panel that begins with {@code row}, of the packed rows, holds a block. */
    private long packedAt(Block block, int row) {
      return row * packedLaneBytes + block.packedAt * 4 * TileCode.LANES;
    }

    /** Packs a block of some lanes of a matrix [lanes, k] in a panel of {@code width} lanes. */
    private void pack(
        Matrix matrix,
        int lane,
        int lanes,
        Block block,
        MemorySegment to,
        long at,
        int width,
        MemorySegment pointers) {
      if (matrix.columnStride() == 1 || block.k == 1) {
        code.packSteps(matrix, lane, lanes, block.from, block.k, to, at, width, pointers);
      } else if (matrix.rowStride() == 1) {
        code.packLanes(matrix, lane, lanes, block.from, block.k, to, at, width);
      } else {
        SlowPacking.pack(bfloat16, matrix, lane, lanes, block.from, block.k, to, at, width);
      }
    }

    /** Some rows of the packed ones with one panel of columns. */
    private void multiply(
        int firstRow, int row, int rows, int column, MemorySegment packed, int worker) {
      var columns = Math.min(COLUMNS, n - column);
      var width = roundUp(columns, 16);
      var sums = sums(firstRow + row, rows, column, columns, worker);
      var panel = workers.scratch(worker, 4L * width * BLOCK_STEPS);
      var pointers = workers.scratch(worker, ProductCode.POINTER_BYTES);
      for (var i = 0; i < blocks.size(); i++) {
        var block = blocks.get(i);
        var b = block.term.b().transposed();
        pack(b, column, columns, block, panel, 0, width, pointers);
        multiply(block, firstRow, row, rows, packed, panel, width, sums, i);
      }
      if (isStored(columns)) {
        result.store(firstRow + row, rows, column, columns, sums.data(), width, workers, worker);
      }
    }

    /** Whether sums cannot be left in C by the tiles themselves. */
    private boolean isStored(int columns) {
      var c = result.c();
      return c.dtype() == DType.F16
          || c.columnStride() != 1
          || columns % 16 != 0
          || result.alpha() != 1
          || result.accumulate()
          || blocks.isEmpty();
    }

    private Sums sums(int row, int rows, int column, int columns, int worker) {
      var c = result.c();
      var width = roundUp(columns, 16);
      var cAt = c.byteAt(row, column);
      if (!isStored(columns) && c.dtype() == DType.F32) {
        return new Sums(c.data(), cAt, 4 * c.rowStride(), null, 0, 0);
      }
      var scratch = workers.scratch(worker, 4L * rows * width);
      if (blocks.isEmpty()) {
        scratch.fill((byte) 0);
      }
      return isStored(columns)
          ? new Sums(scratch, 0, 4L * width, null, 0, 0)
          : new Sums(scratch, 0, 4L * width, c.data(), cAt, 2 * c.rowStride());
    }

    private void multiply(
        Block block,
        int firstRow,
        int row,
        int rows,
        MemorySegment packed,
        MemorySegment panel,
        int width,
        Sums sums,
        int index) {
      var a = block.term.a();
      var steps = steps(block.k);
      var isFirst = index == 0;
      var isLast = index == blocks.size() - 1;
      if (block.packedAt < 0) {
        var at = a.byteAt(firstRow + row, block.from);
        var left = new Left(a.data(), at, false, a.rowStride() * a.dtype().bytes());
        code.multiply(rows, width, steps, left, panel, sums, !isFirst, isLast);
        return;
      }
      for (var from = 0; from < rows; from += TileCode.LANES) {
        var left = new Left(packed, packedAt(block, row + from), true, 4L * TileCode.LANES);
        var some = Math.min(TileCode.LANES, rows - from);
        code.multiply(some, width, steps, left, panel, sums.below(from), !isFirst, isLast);
      }
    }
  }

  private static int ceilDivide(int a, int b) {
    return (a + b - 1) / b;
  }

  private static int roundUp(int a, int multiple) {
    return ceilDivide(a, multiple) * multiple;
  }
}
