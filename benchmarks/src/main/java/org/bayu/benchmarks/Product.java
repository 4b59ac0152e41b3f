package org.bayu.benchmarks;

/** The matrix products of a linear layer in training: x [M, K], W [N, K], y [M, N]. */
public enum Product {
  /** Y = X·Wᵀ. */
  FORWARD,
  /** dX = dY·W. */
  INPUT_GRADIENT,
  /** dW = dYᵀ·X. */
  WEIGHT_GRADIENT
}
