package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;

/** How a product's operands are packed for tiles: in panels, a block of k at a time. */
final class PanelPacking {
  private final ProductCode code;
  private final Step step;
  private final int lanes;
  private final int vectorLanes;
  private final int tileColumns;
  private final int blockSteps;

  PanelPacking(ProductCode code) {
    this.code = code;
    var shape = code.shape();
    step = shape.step();
    lanes = shape.panelLanes();
    vectorLanes = shape.vectorLanes();
    tileColumns = shape.tileColumns();
    blockSteps = shape.blockSteps();
  }

  /** Lanes of a packed panel of A, rows of A that meet B's panel in one call. */
  int lanes() {
    return lanes;
  }

  /** Whether A's rows can be read as they are. */
  boolean isDirect(Term term) {
    return !code.shape().hasStrips()
        && term.a().dtype() == step.type()
        && !step.isRounded()
        && term.a().columnStride() == 1
        && term.k() % step.elements() == 0;
  }

  /** Whether so many columns fill their vectors. */
  boolean fillsVectors(int columns) {
    return columns % vectorLanes == 0;
  }

  /** Columns with those that fill up a vector. */
  int width(int columns) {
    return roundUp(columns, vectorLanes);
  }

  /** Elements of k of a block, at most. */
  int blockK() {
    return blockSteps * step.elements();
  }

  /** Elements of k of the block that begins with {@code from}. */
  int blockK(Term term, int from) {
    return Math.min(blockK(), term.k() - from);
  }

  /** Steps that so many k take. */
  int steps(int k) {
    return ceilDivide(k, step.elements());
  }

  /** Bytes that packing may write for a lane, zeros included, of a block of so many k. */
  long laneBytes(int k) {
    return 4L * roundUp(steps(k), vectorLanes);
  }

  /** Bytes of the panel of so many columns of B. */
  long columnsBytes(int columns) {
    return 4L * width(columns) * blockSteps;
  }

  /** Where in it those of the tile are that begins with {@code column}. */
  long columnAt(int column) {
    return 4L * column * blockSteps;
  }

  /** Bytes of memory that {@link #packRows} needs for itself. */
  long rowsScratchBytes() {
    return code.shape().hasStrips() ? 4L * lanes * blockSteps + 4L * vectorLanes : 0;
  }

  /** Bytes from one tile of a packed block to the next. */
  long tileStride(int k) {
    return code.shape().tileRows() * laneBytes(k);
  }

  /**
   * Packs a block of rows of A.
   *
   * @param own scratch memory of {@link #rowsScratchBytes}
   * @param pointers scratch memory of {@link ProductCode#POINTER_BYTES}
   */
  void packRows(
      Matrix matrix,
      int row,
      int count,
      int from,
      int k,
      MemorySegment to,
      long toAt,
      MemorySegment own,
      MemorySegment pointers) {
    if (!code.shape().hasStrips()) {
      pack(matrix, row, count, from, k, to, toAt, lanes, pointers);
      return;
    }
    pack(matrix, row, count, from, k, own, 0, lanes, pointers);
    var tiles = ceilDivide(count, code.shape().tileRows());
    code.toStrips(steps(k), own.address(), to.address() + toAt, tileStride(k), tiles);
  }

  /** Packs a block of columns of B, those of a tile together. */
  void packColumns(
      Matrix matrix,
      int column,
      int columns,
      int from,
      int k,
      MemorySegment to,
      MemorySegment pointers) {
    if (columns == ProductCode.COLUMNS
        && tileColumns < columns
        && matrix.columnStride() == 1
        && k > 1) {
      var stride = matrix.rowStride() * matrix.dtype().bytes();
      code.packTiles(matrix.dtype(), matrix.address(from, column), stride, k, to.address());
      return;
    }
    for (var i = 0; i < columns; i += tileColumns) {
      var count = Math.min(tileColumns, columns - i);
      pack(
          matrix.transposed(), column + i, count, from, k, to, columnAt(i), width(count), pointers);
    }
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

  static int ceilDivide(int a, int b) {
    return (a + b - 1) / b;
  }

  static int roundUp(int a, int multiple) {
    return ceilDivide(a, multiple) * multiple;
  }
}
