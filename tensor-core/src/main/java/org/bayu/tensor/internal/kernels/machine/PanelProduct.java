package org.bayu.tensor.internal.kernels.machine;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.gemm.GemmResult;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.MatrixProduct;
import org.bayu.tensor.internal.kernels.gemm.Term;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Matrix products in machine code: of few rows a {@link StreamProduct}, else by {@link PanelTasks},
 * the product or its transpose, of which the one is computed that packs and scatters less.
 */
final class PanelProduct implements MatrixProduct {
  /** What packing an element costs, in multiply-adds. */
  private static final double PACKING = 30;

  /** What storing an element of C costs where they do not lie side by side, in multiply-adds. */
  private static final double SCATTERING = 1000;

  private final GemmResult result;
  private final StreamProduct f32Stream;
  private final StreamProduct bfloat16Stream;
  private final PanelTasks f32Panels;
  private final PanelTasks bfloat16Panels;

  PanelProduct(Kernels kernels, ProductCode f32Code, ProductCode bfloat16Code, WorkerPool workers) {
    result = new GemmResult(kernels, workers);
    f32Stream = new StreamProduct(kernels, workers, f32Code, result);
    bfloat16Stream = new StreamProduct(kernels, workers, bfloat16Code, result);
    f32Panels = new PanelTasks(workers, f32Code, result);
    bfloat16Panels = new PanelTasks(workers, bfloat16Code, result);
  }

  @Override
  public void multiply(
      int m, int n, DType operands, float alpha, boolean accumulate, Matrix c, Term... terms) {
    var stream = operands == DType.BF16 ? bfloat16Stream : f32Stream;
    var isFew = stream.takes(m, terms);
    var panels = operands == DType.BF16 ? bfloat16Panels : f32Panels;
    var transposed = !isFew && costsLessTransposed(m, n, panels.packing(), c, terms);
    result.begin(transposed ? c.transposed() : c, alpha, accumulate);
    try {
      if (isFew) {
        stream.multiply(m, n, terms);
      } else {
        panels.multiply(transposed ? n : m, transposed ? m : n, transposed, terms);
      }
    } finally {
      result.end();
    }
  }

  private static boolean costsLessTransposed(
      int m, int n, PanelPacking packing, Matrix c, Term... terms) {
    var cost = scatteringCost(m, n, c);
    var transposedCost = scatteringCost(m, n, c.transposed());
    for (var term : terms) {
      cost += cost(m, n, packing, term);
      transposedCost += cost(n, m, packing, term.transposed());
    }
    return transposedCost < cost;
  }

  private static double scatteringCost(int m, int n, Matrix c) {
    return c.columnStride() == 1 ? 0 : SCATTERING * m * n;
  }

  private static double cost(int m, int n, PanelPacking packing, Term term) {
    var columns = packing.width(n);
    var packedRows = packing.isDirect(term) ? 0 : m;
    return term.k() * ((double) m * columns + PACKING * ((double) packedRows + columns));
  }
}
