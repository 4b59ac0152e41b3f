package org.bayu.tensor.internal.kernels.gemm;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One product A·B: A is [m, k], B is [k, n]. */
public final class Term {
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
