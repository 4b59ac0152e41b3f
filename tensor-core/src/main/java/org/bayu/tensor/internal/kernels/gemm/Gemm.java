package org.bayu.tensor.internal.kernels.gemm;

import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.parallel.WorkerPool;

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
      products[i] =
          kernels instanceof ProductKernels own
              ? own.matrixProduct(workers)
              : new TiledProduct(kernels, workers);
    }
    idle = workers.isIdle();
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
