package org.bayu.tensor.internal.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Where the product under way goes: C = alpha·sum, or C += alpha·sum in one rounding, then to C's
 * type.
 */
public final class GemmResult {
  private static final Matrix NOWHERE = new Matrix(MemorySegment.NULL, 0, DType.F32, 0, 0);

  private final Kernels kernels;
  private final WorkerPool workers;
  private Matrix c = NOWHERE;
  private float alpha;
  private boolean accumulate;

  /** Nowhere, so far. */
  public GemmResult(Kernels kernels, WorkerPool workers) {
    this.kernels = kernels;
    this.workers = workers;
  }

  /** Where the next product goes. */
  public void begin(Matrix c, float alpha, boolean accumulate) {
    this.c = c;
    this.alpha = alpha;
    this.accumulate = accumulate;
  }

  /** Forgets C, lest its memory be kept. */
  public void end() {
    c = NOWHERE;
  }

  /** C. */
  public Matrix c() {
    return c;
  }

  /** Whether C is the sum of products alone. */
  public boolean isPlain() {
    return alpha == 1 && !accumulate;
  }

  /**
   * Stores a block of sums.
   *
   * @param sums binary32, row-major with {@code stride} elements from row to row; overwritten
   */
  public void store(
      int row, int rows, int column, int columns, MemorySegment sums, int stride, int worker) {
    // A row of C may be widened first, or gathered from its columns.
    var direct = c.columnStride() == 1 && (c.dtype() == DType.F32 || !accumulate);
    var line = direct ? sums : workers.scratch(worker, 4L * columns);
    for (var i = 0; i < rows; i++) {
      var at = 4L * i * stride;
      if (c.columnStride() != 1) {
        storeStrided(row + i, column, columns, sums, at, line);
      } else if (direct) {
        storeRow(c.dtype(), c.data(), c.byteAt(row + i, column), columns, sums, at);
      } else {
        var to = c.byteAt(row + i, column);
        kernels.widen(c.dtype(), c.data(), to, line, 0, columns);
        kernels.addScaled(alpha, sums, at, line, 0, columns);
        kernels.narrow(c.dtype(), line, 0, c.data(), to, columns);
      }
    }
  }

  private void storeRow(
      DType type, MemorySegment data, long to, int columns, MemorySegment sums, long at) {
    if (accumulate) {
      kernels.addScaled(alpha, sums, at, data, to, columns);
    } else {
      if (alpha != 1) {
        kernels.scale(alpha, sums, at, columns);
      }
      kernels.narrow(type, sums, at, data, to, columns);
    }
  }

  private void storeStrided(
      int row, int column, int columns, MemorySegment sums, long at, MemorySegment line) {
    if (accumulate) {
      for (var j = 0; j < columns; j++) {
        copyOne(c.data(), c.byteAt(row, column + j), line, 4L * j, true);
      }
    }
    storeRow(DType.F32, line, 0, columns, sums, at);
    for (var j = 0; j < columns; j++) {
      copyOne(line, 4L * j, c.data(), c.byteAt(row, column + j), false);
    }
  }

  private void copyOne(
      MemorySegment src, long srcAt, MemorySegment dst, long dstAt, boolean fromC) {
    if (c.dtype() == DType.F32) {
      dst.set(JAVA_FLOAT_UNALIGNED, dstAt, src.get(JAVA_FLOAT_UNALIGNED, srcAt));
    } else if (fromC) {
      kernels.widen(c.dtype(), src, srcAt, dst, dstAt, 1);
    } else {
      kernels.narrow(c.dtype(), src, srcAt, dst, dstAt, 1);
    }
  }
}
