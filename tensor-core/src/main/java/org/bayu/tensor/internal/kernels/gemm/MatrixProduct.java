package org.bayu.tensor.internal.kernels.gemm;

import org.bayu.tensor.DType;

/**
 * A way to compute what {@link Gemm} promises, of one thread, which computes one product at a time:
 * the product under way is kept in fields, so that none needs an object.
 */
public interface MatrixProduct {
  /** {@link Gemm#multiply}, of checked matrices and a result that is not empty. */
  void multiply(
      int m, int n, DType operands, float alpha, boolean accumulate, Matrix c, Term... terms);
}
