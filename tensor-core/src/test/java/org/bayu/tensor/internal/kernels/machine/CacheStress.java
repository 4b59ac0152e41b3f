package org.bayu.tensor.internal.kernels.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.CacheKernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarCacheKernels;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;

/**
 * Products with the rows of a cache, of random sizes, between pages that nobody may touch, each
 * compared with plain loops. A process of its own: a kernel that leaves its operands ends it.
 */
final class CacheStress {
  private static final int[] HEAD_DIMS = {8, 16, 24, 64, 80, 128};
  private static final ScalarCacheKernels ORACLE = ScalarCacheKernels.INSTANCE;

  private final Random random;
  private final List<GuardedPages> pages = new ArrayList<>();

  private CacheStress(Random random) {
    this.random = random;
  }

  /** Arguments: seconds, seed. Prints how many were right. */
  public static void main(String[] arguments) {
    var end = System.nanoTime() + Long.parseLong(arguments[0]) * 1_000_000_000L;
    var seed = Long.parseLong(arguments[1]);
    var count = 0;
    var tiers = TestTiers.machine();
    while (System.nanoTime() < end) {
      for (var kernels : tiers) {
        try {
          new CacheStress(new Random(seed + count)).check(kernels);
        } catch (AssertionError e) {
          throw new AssertionError("seed " + (seed + count), e);
        }
        count++;
      }
    }
    System.out.println(count + " reads");
  }

  private void check(Kernels kernels) {
    try {
      var type = random.nextBoolean() ? DType.BF16 : DType.F32;
      var headDim = HEAD_DIMS[random.nextInt(HEAD_DIMS.length)];
      var rows = 1 + random.nextInt(9);
      var keys = 1 + random.nextInt(40);
      var stride = headDim * (1 + random.nextInt(3));
      // The last row has no gap behind it.
      var x = place(type, (keys - 1) * stride + headDim);
      var wide = place(DType.F32, (int) x.elements());
      wide.copyFrom(x);
      var a = place(DType.F32, rows * headDim);
      var scoresStride = keys + CacheKernels.SCORES_BEHIND;
      var scores = place(DType.F32, rows * scoresStride);
      var expected = place(DType.F32, rows * scoresStride);
      multiply(kernels.cache(), rows, a, headDim, x, stride, keys, scores);
      multiply(ORACLE, rows, a, headDim, wide, stride, keys, expected);
      for (var i = 0; i < rows; i++) {
        for (var j = 0; j < keys; j++) {
          requireNear(expected, scores, i * scoresStride + j);
        }
      }
      var sums = place(DType.F32, rows * headDim);
      var expectedSums = place(DType.F32, rows * headDim);
      add(kernels.cache(), rows, expected, headDim, x, stride, keys, sums);
      add(ORACLE, rows, expected, headDim, wide, stride, keys, expectedSums);
      for (var i = 0; i < rows * headDim; i++) {
        requireNear(expectedSums, sums, i);
      }
    } finally {
      pages.forEach(GuardedPages::close);
    }
  }

  private static void multiply(
      CacheKernels kernels,
      int rows,
      Tensor a,
      int headDim,
      Tensor x,
      int stride,
      int keys,
      Tensor scores) {
    kernels.multiplyRows(
        rows,
        a.data(),
        0,
        headDim,
        x.dtype(),
        x.data(),
        0,
        (long) stride * x.dtype().bytes(),
        keys,
        scores.data(),
        0,
        keys + CacheKernels.SCORES_BEHIND);
  }

  private static void add(
      CacheKernels kernels,
      int rows,
      Tensor weights,
      int headDim,
      Tensor x,
      int stride,
      int keys,
      Tensor sums) {
    kernels.addRows(
        rows,
        weights.data(),
        0,
        keys + CacheKernels.SCORES_BEHIND,
        headDim,
        x.dtype(),
        x.data(),
        0,
        (long) stride * x.dtype().bytes(),
        keys,
        sums.data(),
        0);
  }

  private static void requireNear(Tensor expected, Tensor actual, int i) {
    if (!(Math.abs(expected.getFloat(i) - actual.getFloat(i)) <= 0.01)) {
      throw new AssertionError(
          "element " + i + " is " + actual.getFloat(i) + ", not " + expected.getFloat(i));
    }
  }

  /** Numbers whose last byte or first byte is beside a forbidden page. */
  private Tensor place(DType type, int elements) {
    var guarded = new GuardedPages((long) elements * type.bytes(), random.nextBoolean());
    pages.add(guarded);
    var tensor = Tensor.of(guarded.memory(), type, Shape.of(elements));
    for (var i = 0; i < elements; i++) {
      tensor.setFloat(i, random.nextFloat() - 0.5f);
    }
    return tensor;
  }
}
