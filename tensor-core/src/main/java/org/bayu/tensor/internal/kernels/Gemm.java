package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products C = alpha·Σ Aₜ·Bₜ (+ C), on all threads.
 *
 * <p>A product allocates nothing on the heap once one like it was computed: a caller that computes
 * one often keeps its matrices and terms.
 */
public final class Gemm {
  private final WorkerPool workers;

  /** One for each thread, which computes one product at a time. */
  private final MatrixProduct[] products;

  private double flops;

  /** Whether nothing is computed: matrices may be without memory. */
  private final boolean idle;

  /** Products by these kernels on these threads. */
  public Gemm(Kernels kernels, WorkerPool workers) {
    this.workers = workers;
    products = new MatrixProduct[workers.threads()];
    for (var i = 0; i < products.length; i++) {
      products[i] = kernels.matrixProduct(workers);
    }
    idle = workers.isIdle();
  }

  /**
   * A matrix in memory: element (i, j) lies {@code i·rowStride + j·columnStride} elements behind
   * byte {@code at}. A stride may be 0: a bias is a product with a column of ones.
   */
  public static final class Matrix {
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
    private boolean holds(long rows, long columns) {
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

  /** One product A·B: A is [m, k], B is [k, n]. */
  public static final class Term {
    private final Matrix a;
    private final Matrix b;
    private final int k;
    private @Nullable Term transposed;

    /** The product of two matrices. */
    public Term(Matrix a, Matrix b, int k) {
      this.a = a;
      this.b = b;
      this.k = k;
    }

    /** The left matrix. */
    public Matrix a() {
      return a;
    }

    /** The right matrix. */
    public Matrix b() {
      return b;
    }

    /** Columns of A and rows of B. */
    public int k() {
      return k;
    }

    /** Bᵀ·Aᵀ: the same object each time. */
    public Term transposed() {
      var known = transposed;
      if (known == null) {
        known = new Term(b.transposed(), a.transposed(), k);
        known.transposed = this;
        transposed = known;
      }
      return known;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%s × %s of %d steps", a, b, k);
    }
  }

  /**
   * C = alpha·Σ Aₜ·Bₜ, or C += that when {@code accumulate}: operands rounded to {@code operands}
   * (F32 or BF16), sums in binary32, rounded once to C's type. C must not overlap an operand.
   *
   * <p>The bits of C do not depend on the threads; how far those of a row depend on the other rows,
   * each tier says. May be called from inside a task.
   *
   * @throws IndexOutOfBoundsException if a matrix leaves its segment: some kernels do not look
   */
  public void multiply(
      int m, int n, DType operands, float alpha, boolean accumulate, Matrix c, Term... terms) {
    if (!idle) {
      require(c, m, n);
      for (var term : terms) {
        require(term.a(), m, term.k());
        require(term.b(), term.k(), n);
      }
    }
    if (m > 0 && n > 0) {
      var worker = workers.enter();
      try {
        products[worker].multiply(m, n, operands, alpha, accumulate, c, terms);
      } finally {
        workers.leave(worker);
      }
      for (var term : terms) {
        flops += 2.0 * m * n * term.k();
      }
    }
  }

  /** Multiplications and additions of all products so far; not of use while tasks multiply. */
  public double flops() {
    return flops;
  }

  private static void require(Matrix matrix, int rows, int columns) {
    if (!matrix.holds(rows, columns)) {
      throw new IndexOutOfBoundsException(
          String.format(Locale.ROOT, "[%d, %d] of %s", rows, columns, matrix));
    }
  }
}
