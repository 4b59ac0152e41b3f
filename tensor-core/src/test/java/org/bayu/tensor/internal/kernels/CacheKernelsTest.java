package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every tier's products with the rows of a cache, against sums in double precision. */
class CacheKernelsTest {
  private static final int BEHIND = CacheKernels.SCORES_BEHIND;

  static List<Kernels> tiers() {
    return TestTiers.all();
  }

  /** Operands of one product, between bytes that nobody may change. */
  private record Case(
      CacheKernels kernels, DType type, int rows, int keys, int headDim, int gap, Random random) {
    void check() {
      if (!kernels.fits(type, headDim)) {
        return;
      }
      try (var arena = Arena.ofConfined()) {
        var stride = headDim + gap;
        var x = GuardedMemory.random(arena, type, keys * stride - gap, random.nextInt(64), random);
        var a = GuardedMemory.random(arena, DType.F32, rows * headDim, 4, random);
        checkScores(arena, a, x, stride);
        checkSums(arena, x, stride);
      }
    }

    private void checkScores(Arena arena, GuardedMemory a, GuardedMemory x, int stride) {
      var scoresStride = keys + BEHIND;
      var scores = GuardedMemory.random(arena, DType.F32, rows * scoresStride, 8, random);
      multiplyRows(rows, a, a.at(), x, stride, scores);
      for (var i = 0; i < rows; i++) {
        var alone = GuardedMemory.random(arena, DType.F32, scoresStride, 12, random);
        multiplyRows(1, a, a.at() + 4L * i * headDim, x, stride, alone);
        for (var j = 0; j < keys; j++) {
          var sum = 0.0;
          var size = 0.0;
          for (var l = 0; l < headDim; l++) {
            var product = (double) a.get(i * headDim + l) * x.get(j * stride + l);
            sum += product;
            size += Math.abs(product);
          }
          requireNear(sum, size * headDim, scores.get(i * scoresStride + j));
          assertEquals(alone.get(j), scores.get(i * scoresStride + j), "alone, and with others");
        }
        alone.assertIntact();
      }
      scores.assertIntact();
    }

    private void multiplyRows(
        int count, GuardedMemory a, long aAt, GuardedMemory x, int stride, GuardedMemory scores) {
      kernels.multiplyRows(
          count,
          a.segment(),
          aAt,
          headDim,
          type,
          x.segment(),
          x.at(),
          (long) stride * type.bytes(),
          keys,
          scores.segment(),
          scores.at(),
          keys + BEHIND);
    }

    private void checkSums(Arena arena, GuardedMemory x, int stride) {
      var weights = GuardedMemory.random(arena, DType.F32, rows * (keys + 3), 4, random);
      var sums = GuardedMemory.random(arena, DType.F32, rows * headDim, 8, random);
      addRows(rows, weights, weights.at(), x, stride, sums);
      for (var i = 0; i < rows; i++) {
        var alone = GuardedMemory.random(arena, DType.F32, headDim, 12, random);
        addRows(1, weights, weights.at() + 4L * i * (keys + 3), x, stride, alone);
        for (var l = 0; l < headDim; l++) {
          var sum = 0.0;
          var size = 0.0;
          for (var j = 0; j < keys; j++) {
            var product = (double) weights.get(i * (keys + 3) + j) * x.get(j * stride + l);
            sum += product;
            size += Math.abs(product);
          }
          requireNear(sum, size * keys, sums.get(i * headDim + l));
          assertEquals(alone.get(l), sums.get(i * headDim + l), "alone, and with others");
        }
        alone.assertIntact();
      }
      sums.assertIntact();
    }

    private void addRows(
        int count,
        GuardedMemory weights,
        long weightsAt,
        GuardedMemory x,
        int stride,
        GuardedMemory sums) {
      kernels.addRows(
          count,
          weights.segment(),
          weightsAt,
          keys + 3,
          headDim,
          type,
          x.segment(),
          x.at(),
          (long) stride * type.bytes(),
          keys,
          sums.segment(),
          sums.at());
    }

    private void requireNear(double expected, double size, double actual) {
      assertTrue(
          Math.abs(expected - actual) <= 0x1p-24 * size + 1e-30,
          () -> this + ": " + actual + ", not " + expected);
    }
  }

  @ParameterizedTest
  @MethodSource("tiers")
  void productsAreThoseOfDoublePrecision(Kernels tier) {
    var random = new Random(6);
    for (var type : List.of(DType.F32, DType.BF16)) {
      for (var headDim : new int[] {3, 24, 50, 80}) {
        for (var rows : new int[] {1, 6}) {
          for (var keys : new int[] {1, 8, 13, 20}) {
            new Case(tier.cache(), type, rows, keys, headDim, random.nextInt(2) * headDim, random)
                .check();
          }
        }
      }
    }
  }
}
