package org.bayu.benchmarks;

import java.util.Locale;
import org.bayu.tensor.Tensor;

/** Compares what is about to be measured with the scalar kernels' answer. */
final class Agreement {
  private Agreement() {}

  /**
   * Compares the first elements of two tensors, as many as the shorter has.
   *
   * @param tolerance relative to the expected value, or absolute where that is below 1
   * @throws IllegalStateException if two differ
   */
  static void check(Tensor actual, Tensor expected, double tolerance) {
    for (var i = 0L; i < Math.min(actual.elements(), expected.elements()); i++) {
      double a = actual.getFloat(i);
      double e = expected.getFloat(i);
      if (!(Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(e)))) {
        throw new IllegalStateException(
            String.format(Locale.ROOT, "element %d is %s, the scalar kernel's is %s", i, a, e));
      }
    }
  }
}
