package org.bayu.tensor.internal.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A matrix in memory: element (i, j) lies {@code i·rowStride + j·columnStride} elements behind byte
 * {@code at}. A stride may be 0: a bias is a product with a column of ones.
 */
public final class Matrix {
  private final MemorySegment data;
  private final long at;
  private final DType dtype;
  private final long rowStride;
  private final long columnStride;
  private @Nullable Matrix transposed;

  /** The matrix of these numbers. */
  public Matrix(MemorySegment data, long at, DType dtype, long rowStride, long columnStride) {
    this.data = data;
    this.at = at;
    this.dtype = dtype;
    this.rowStride = rowStride;
    this.columnStride = columnStride;
  }

  /** A tensor as the matrix [rows, columns]. */
  public static Matrix of(Tensor tensor) {
    return new Matrix(tensor.data(), 0, tensor.dtype(), tensor.columns(), 1);
  }

  /** Where it lies. */
  public MemorySegment data() {
    return data;
  }

  /** The byte of element (0, 0). */
  public long at() {
    return at;
  }

  /** The elements' type. */
  public DType dtype() {
    return dtype;
  }

  /** Elements from row to row. */
  public long rowStride() {
    return rowStride;
  }

  /** Elements from column to column. */
  public long columnStride() {
    return columnStride;
  }

  /** The same memory with rows and columns exchanged: the same object each time. */
  public Matrix transposed() {
    var known = transposed;
    if (known == null) {
      known = new Matrix(data, at, dtype, columnStride, rowStride);
      known.transposed = this;
      transposed = known;
    }
    return known;
  }

  /** The byte of element (i, j). */
  public long byteAt(long i, long j) {
    return at + (i * rowStride + j * columnStride) * dtype.bytes();
  }

  /** The address of element (i, j). */
  public long address(long i, long j) {
    return data.address() + byteAt(i, j);
  }

  /** Whether the elements of a matrix [rows, columns] all lie in the segment. */
  boolean holds(long rows, long columns) {
    return rows == 0
        || columns == 0
        || (at >= 0
            && rowStride >= 0
            && columnStride >= 0
            && byteAt(rows - 1, columns - 1) + dtype.bytes() <= data.byteSize());
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s at byte %d of %s, strides %d and %d",
        dtype,
        at,
        data,
        rowStride,
        columnStride);
  }
}
