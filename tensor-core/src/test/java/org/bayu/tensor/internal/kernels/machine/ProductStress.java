package org.bayu.tensor.internal.kernels.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Products of random sizes, types, strides and alignments between pages that nobody may touch, each
 * compared with double precision. A process of its own: a kernel that leaves its operands ends it.
 */
final class ProductStress {
  private static final int[] SIZES = {1, 2, 3, 7, 15, 16, 17, 31, 63, 64, 65, 112, 113, 207, 1023};
  private static final DType[] TYPES = {DType.F32, DType.BF16, DType.F16};

  private final Random random;
  private final List<GuardedPages> pages = new ArrayList<>();

  private ProductStress(Random random) {
    this.random = random;
  }

  /** Arguments: seconds, seed. Prints how many products were right. */
  public static void main(String[] arguments) {
    var end = System.nanoTime() + Long.parseLong(arguments[0]) * 1_000_000_000L;
    var seed = Long.parseLong(arguments[1]);
    var count = 0;
    try (var workers = new WorkerPool(2)) {
      var tiers = TestTiers.machine();
      while (System.nanoTime() < end) {
        for (var kernels : tiers) {
          new ProductStress(new Random(seed + count)).check(kernels, workers, seed + count);
          count++;
        }
      }
    }
    System.out.println(count + " products");
  }

  private int size(int most) {
    int size;
    do {
      size =
          random.nextInt(3) == 0 ? 1 + random.nextInt(most) : SIZES[random.nextInt(SIZES.length)];
    } while (size > most);
    return size;
  }

  private void check(Kernels kernels, WorkerPool workers, long seed) {
    var m = size(300);
    var n = size(300);
    var operands = random.nextBoolean() ? DType.F32 : DType.BF16;
    var alpha = random.nextInt(3) == 0 ? -0.375f : 1;
    var accumulate = random.nextInt(3) == 0;
    var terms = new Term[1 + random.nextInt(2)];
    var expected = new double[m * n];
    var magnitude = new double[m * n];
    var steps = 0;
    try {
      for (var t = 0; t < terms.length; t++) {
        var k = size(1200);
        steps += k;
        terms[t] = new Term(place(m, k), place(k, n), k);
        addProduct(m, n, operands, terms[t], expected, magnitude);
      }
      var c = place(m, n);
      var before = new double[m * n];
      for (var i = 0; i < m * n; i++) {
        before[i] = accumulate ? get(c, i / n, i % n) : 0;
      }
      new Gemm(kernels, workers).multiply(m, n, operands, alpha, accumulate, c, terms);
      for (var i = 0; i < m * n; i++) {
        var wanted = before[i] + alpha * expected[i];
        var actual = get(c, i / n, i % n);
        if (!(Math.abs(actual - wanted)
            <= bound(steps, c.dtype(), wanted, alpha * magnitude[i], before[i]))) {
          throw new AssertionError(
              String.format(
                  Locale.ROOT,
                  "seed %d, %s: element %d of %d×%d is %s, not %s",
                  seed,
                  kernels,
                  i,
                  m,
                  n,
                  actual,
                  wanted));
        }
      }
    } finally {
      pages.forEach(GuardedPages::close);
    }
  }

  /** Each step, alpha and the addition to C err by 2⁻²⁴ of what they add up; C's type rounds. */
  private static double bound(
      int steps, DType type, double wanted, double magnitude, double before) {
    var rounding =
        switch (type) {
          case F32 -> 0x1p-24;
          case BF16 -> 0x1p-8;
          case F16 -> 0x1p-11;
          case I32, U8 -> throw new AssertionError();
        };
    return (steps + 3) * 0x1p-24 * (Math.abs(magnitude) + Math.abs(before))
        + 1.01 * rounding * Math.abs(wanted)
        + 0x1p-25;
  }

  /** A matrix of its own memory, whose last byte or first byte is beside a forbidden page. */
  private Matrix place(int rows, int columns) {
    var type = TYPES[random.nextInt(TYPES.length)];
    var transposed = random.nextBoolean();
    var gap = random.nextInt(2) * random.nextInt(9);
    var outer = (transposed ? rows : columns) + gap;
    // The last row has no gap behind it.
    var elements = (long) ((transposed ? columns : rows) - 1) * outer + outer - gap;
    var guarded = new GuardedPages(elements * type.bytes(), random.nextBoolean());
    pages.add(guarded);
    var values = Tensor.of(guarded.memory(), type, Shape.of(elements));
    for (var i = 0L; i < elements; i++) {
      values.setFloat(i, (random.nextFloat() - 0.5f) * 4);
    }
    return transposed
        ? new Matrix(guarded.memory(), 0, type, 1, outer)
        : new Matrix(guarded.memory(), 0, type, outer, 1);
  }

  private static double get(Matrix matrix, int i, int j) {
    return SlowPacking.get(matrix, matrix.byteAt(i, j));
  }

  private static double rounded(Matrix matrix, int i, int j, DType operands) {
    var value = SlowPacking.get(matrix, matrix.byteAt(i, j));
    return operands == DType.BF16 ? BFloat16.round(value) : value;
  }

  private static void addProduct(
      int m, int n, DType operands, Term term, double[] sum, double[] magnitude) {
    for (var l = 0; l < term.k(); l++) {
      var row = new double[n];
      for (var j = 0; j < n; j++) {
        row[j] = rounded(term.b(), l, j, operands);
      }
      for (var i = 0; i < m; i++) {
        var a = rounded(term.a(), i, l, operands);
        for (var j = 0; j < n; j++) {
          var product = a * row[j];
          sum[i * n + j] += product;
          magnitude[i * n + j] += Math.abs(product);
        }
      }
    }
  }
}
