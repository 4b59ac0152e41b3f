package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.parallel.WorkerPool;

/** Matrix products C = alpha·Σ Aₜ·Bₜ (+ C), on all threads. */
public final class Gemm {
  private final MatrixProduct product;
  private double flops;

  /** Products by these kernels on these threads. */
  public Gemm(Kernels kernels, WorkerPool workers) {
    product = kernels.matrixProduct(workers);
  }

  /**
   * A matrix in memory: element (i, j) lies {@code i·rowStride + j·columnStride} elements behind
   * byte {@code at}. A stride may be 0: a bias is a product with a column of ones.
   */
  public record Matrix(
      MemorySegment data, long at, DType dtype, long rowStride, long columnStride) {
    /** A tensor as the matrix [rows, columns]. */
    public static Matrix of(Tensor tensor) {
      return new Matrix(tensor.data(), 0, tensor.dtype(), tensor.columns(), 1);
    }

    /** The same memory with rows and columns exchanged. */
    public Matrix transposed() {
      return new Matrix(data, at, dtype, columnStride, rowStride);
    }

    /** The byte of element (i, j). */
    public long byteAt(long i, long j) {
      return at + (i * rowStride + j * columnStride) * dtype.bytes();
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
  }

  /** One product A·B: A is [m, k], B is [k, n]. */
  public record Term(Matrix a, Matrix b, int k) {
    /** Bᵀ·Aᵀ. */
    public Term transposed() {
      return new Term(b.transposed(), a.transposed(), k);
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
    require(c, m, n);
    for (var term : terms) {
      require(term.a, m, term.k);
      require(term.b, term.k, n);
    }
    if (m > 0 && n > 0) {
      product.multiply(m, n, operands, alpha, accumulate, c, terms);
      for (var term : terms) {
        flops += 2.0 * m * n * term.k;
      }
    }
  }

  /** Multiplications and additions of all products so far; not of use while tasks multiply. */
  public double flops() {
    return flops;
  }

  private static void require(Matrix matrix, int rows, int columns) {
    if (!matrix.holds(rows, columns)) {
      throw new IndexOutOfBoundsException("[%d, %d] of %s".formatted(rows, columns, matrix));
    }
  }
}
