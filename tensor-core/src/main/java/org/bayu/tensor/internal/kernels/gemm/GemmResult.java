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
   * @param sums binary32, from byte {@code sumsAt} on row-major with {@code stride} elements from
   *     row to row; overwritten
   */
  public void store(
      int row,
      int rows,
      int column,
      int columns,
      MemorySegment sums,
      long sumsAt,
      int stride,
      int worker) {
    if (c.columnStride() == 1) {
      storeRows(row, rows, column, columns, sums, sumsAt, stride, worker);
      return;
    }
    var line = workers.scratch(worker, 4L * columns);
    for (var i = 0; i < rows; i++) {
      storeStrided(row + i, column, columns, sums, sumsAt + 4L * i * stride, line);
    }
  }

  private void storeRows(
      int row,
      int rows,
      int column,
      int columns,
      MemorySegment sums,
      long sumsAt,
      int stride,
      int worker) {
    var type = c.dtype();
    var to = c.byteAt(row, column);
    var rowBytes = c.rowStride() * type.bytes();
    var sumsBytes = 4L * stride;
    if (accumulate) {
      var line = type == DType.F32 ? sums : workers.scratch(worker, 4L * columns);
      kernels.addScaledRows(
          type, alpha, rows, sums, sumsAt, sumsBytes, c.data(), to, rowBytes, columns, line);
      return;
    }
    for (var i = 0; i < rows && alpha != 1; i++) {
      kernels.scale(alpha, sums, sumsAt + i * sumsBytes, columns);
    }
    kernels.narrowRows(type, rows, sums, sumsAt, sumsBytes, c.data(), to, rowBytes, columns);
  }

  private void storeStrided(
      int row, int column, int columns, MemorySegment sums, long at, MemorySegment line) {
    if (accumulate) {
      for (var j = 0; j < columns; j++) {
        copyOne(c.data(), c.byteAt(row, column + j), line, 4L * j, true);
      }
    }
    if (accumulate) {
      kernels.addScaled(alpha, sums, at, line, 0, columns);
    } else {
      MemorySegment.copy(sums, at, line, 0, 4L * columns);
      if (alpha != 1) {
        kernels.scale(alpha, line, 0, columns);
      }
    }
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
