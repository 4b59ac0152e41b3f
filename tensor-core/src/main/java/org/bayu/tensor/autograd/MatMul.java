package org.bayu.tensor.autograd;

import org.bayu.tensor.ShapeException;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;

/** C = A·B of two variables: A [M, K], B [K, N], C [M, N]. */
public final class MatMul {
  private MatMul() {}

  /**
   * The product of two matrices of one type, summed in binary32.
   *
   * @throws ShapeException if types or shapes do not fit
   */
  public static Variable apply(Tape tape, Variable a, Variable b) {
    var left = a.value();
    var right = b.value();
    if (left.shape().rank() != 2
        || right.shape().rank() != 2
        || left.dim(1) != right.dim(0)
        || left.dtype() != right.dtype()) {
      throw new ShapeException("matrix product: %s × %s".formatted(left, right));
    }
    var type = left.dtype();
    var m = left.rows();
    var k = left.columns();
    var n = right.columns();
    var c = tape.allocate(type, m, n);
    // [M, K] × [K, N] → [M, N]
    tape.device()
        .gemm()
        .multiply(
            m, n, type, 1, false, Matrix.of(c), new Term(Matrix.of(left), Matrix.of(right), k));
    return tape.record(
        "MatMul",
        c,
        a.requiresGradient() || b.requiresGradient(),
        gradient -> {
          var dc = Matrix.of(gradient.tensor());
          // [M, N] × [K, N]ᵀ → [M, K]
          addGradient(tape, a, new Term(dc, Matrix.of(right).transposed(), n));
          // [M, K]ᵀ × [M, N] → [K, N]
          addGradient(tape, b, new Term(Matrix.of(left).transposed(), dc, m));
        });
  }

  private static void addGradient(Tape tape, Variable x, Term term) {
    var target = tape.target(x);
    if (target == null) {
      return;
    }
    var dx = target.tensor();
    tape.device()
        .gemm()
        .multiply(dx.rows(), dx.columns(), dx.dtype(), 1, target.accumulate(), Matrix.of(dx), term);
  }
}
