package org.bayu.benchmarks;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Locale;
import java.util.SplittableRandom;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;

/**
 * Random operands of a linear layer's three products, and room for the results.
 *
 * <p>As in training, the weight lies row-major in a mapped file, and everything is of one type but
 * the weight's gradient, which is F32. Owns its memory until {@link #close}.
 */
final class LinearProducts implements AutoCloseable {
  private static final int CHECKED_ELEMENTS = 64;

  private final Arena arena = Arena.ofShared();
  final LinearShape shape;
  final DType dtype;

  /** [M, K]. */
  final Tensor x;

  /** [N, K], mapped. */
  final Tensor weight;

  /** [M, N]. */
  final Tensor dy;

  private final Tensor y;
  private final Tensor dx;
  private final Tensor dWeight;

  // Made once, as by a caller that computes a product often: a call then allocates nothing.
  private final Matrix yMatrix;
  private final Matrix dxMatrix;
  private final Matrix dWeightMatrix;
  private final Term[] forward;
  private final Term[] inputGradient;
  private final Term[] weightGradient;

  LinearProducts(LinearShape shape, DType dtype) throws IOException {
    this.shape = shape;
    this.dtype = dtype;
    x = RandomData.tensor(arena, dtype, 1, shape.m(), shape.k());
    weight = RandomData.mapped(arena, dtype, 2, shape.n(), shape.k());
    dy = RandomData.tensor(arena, dtype, 3, shape.m(), shape.n());
    y = Tensor.allocate(arena, dtype, dy.shape());
    dx = Tensor.allocate(arena, dtype, x.shape());
    dWeight = Tensor.allocate(arena, DType.F32, weight.shape());
    yMatrix = Matrix.of(y);
    dxMatrix = Matrix.of(dx);
    dWeightMatrix = Matrix.of(dWeight);
    forward = new Term[] {new Term(Matrix.of(x), Matrix.of(weight).transposed(), shape.k())};
    inputGradient = new Term[] {new Term(Matrix.of(dy), Matrix.of(weight), shape.n())};
    weightGradient = new Term[] {new Term(Matrix.of(dy).transposed(), Matrix.of(x), shape.m())};
  }

  /** Computes one product. */
  void multiply(Gemm gemm, Product product) {
    var m = shape.m();
    var n = shape.n();
    var k = shape.k();
    switch (product) {
      case FORWARD -> gemm.multiply(m, n, dtype, 1, false, yMatrix, forward);
      case INPUT_GRADIENT -> gemm.multiply(m, k, dtype, 1, false, dxMatrix, inputGradient);
      case WEIGHT_GRADIENT -> gemm.multiply(n, k, dtype, 1, false, dWeightMatrix, weightGradient);
    }
  }

  /** What {@link #multiply} wrote. */
  Tensor result(Product product) {
    return switch (product) {
      case FORWARD -> y;
      case INPUT_GRADIENT -> dx;
      case WEIGHT_GRADIENT -> dWeight;
    };
  }

  /**
   * Compares some elements with products in double precision.
   *
   * @throws IllegalStateException if one differs by more than rounding can explain
   */
  void check(Product product, Tensor result) {
    var random = new SplittableRandom(4);
    for (var c = 0; c < CHECKED_ELEMENTS; c++) {
      // The last element first: it is in what tiles leave over.
      var i = c == 0 ? result.rows() - 1 : random.nextInt(result.rows());
      var j = c == 0 ? result.columns() - 1 : random.nextInt(result.columns());
      checkElement(product, result, i, j);
    }
  }

  private void checkElement(Product product, Tensor result, int i, int j) {
    var steps =
        switch (product) {
          case FORWARD -> shape.k();
          case INPUT_GRADIENT -> shape.n();
          case WEIGHT_GRADIENT -> shape.m();
        };
    var sum = 0.0;
    var magnitude = 0.0;
    for (var l = 0; l < steps; l++) {
      double term =
          switch (product) {
            case FORWARD -> at(x, i, l) * at(weight, j, l);
            case INPUT_GRADIENT -> at(dy, i, l) * at(weight, l, j);
            case WEIGHT_GRADIENT -> at(dy, l, i) * at(x, l, j);
          };
      sum += term;
      magnitude += Math.abs(term);
    }
    // Each of the additions in binary32 rounds by 2⁻²⁴ of a partial sum at most, the store by half
    // a unit in the last place of the result's type.
    var stored = result.dtype() == DType.BF16 ? 0x1p-8 : 0x1p-23;
    var tolerance = steps * 0x1p-24 * magnitude + stored * Math.abs(sum);
    var actual = at(result, i, j);
    if (!(Math.abs(actual - sum) <= tolerance)) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s of %s: element (%d, %d) is %s, should be %s ± %s",
              product,
              shape,
              i,
              j,
              actual,
              sum,
              tolerance));
    }
  }

  private static double at(Tensor matrix, int i, int j) {
    return matrix.getFloat((long) i * matrix.columns() + j);
  }

  @Override
  public void close() {
    arena.close();
  }
}
