package org.bayu.tensor.internal.kernels;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.parallel.WorkerPool;

/** Matrix products C = alpha·Σ Aₜ·Bₜ (+ C). */
public final class Gemm {
  private final WorkerPool workers;

  /** Products with these threads. */
  public Gemm(WorkerPool workers) {
    this.workers = workers;
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
  }

  /** One product A·B: A is [m, k], B is [k, n]. */
  public record Term(Matrix a, Matrix b, int k) {}

  /**
   * C = alpha·Σ Aₜ·Bₜ, or C += that when {@code accumulate}: operands rounded to {@code operands}
   * (F32 or BF16) while packing, sums in binary32, rounded once to C's type.
   *
   * <p>The bits of a row of C depend on that row of A and on B alone: not on m, nor on the threads.
   */
  public void multiply(
      int m, int n, DType operands, float alpha, boolean accumulate, Matrix c, Term... terms) {
    workers.run(
        m,
        (i, worker) -> {
          for (var j = 0; j < n; j++) {
            var sum = 0.0;
            for (var term : terms) {
              for (var l = 0; l < term.k(); l++) {
                sum += (double) load(term.a(), i, l, operands) * load(term.b(), l, j, operands);
              }
            }
            var scaled = alpha * sum;
            store(c, i, j, (float) (accumulate ? load(c, i, j, DType.F32) + scaled : scaled));
          }
        });
  }

  private static float load(Matrix x, long i, long j, DType operands) {
    var at = x.at() + (i * x.rowStride() + j * x.columnStride()) * x.dtype().bytes();
    var one = Tensor.of(x.data().asSlice(at, x.dtype().bytes()), x.dtype(), Shape.of());
    var value = one.getFloat(0);
    return operands == DType.BF16 ? BFloat16.round(value) : value;
  }

  private static void store(Matrix x, long i, long j, float value) {
    var at = x.at() + (i * x.rowStride() + j * x.columnStride()) * x.dtype().bytes();
    Tensor.of(x.data().asSlice(at, x.dtype().bytes()), x.dtype(), Shape.of()).setFloat(0, value);
  }
}
