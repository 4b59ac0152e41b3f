package org.bayu.tensor.internal.kernels.gemm;

import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a product makes of its operands' elements: each is multiplied by 1 and added to zeros, so
 * that C has it as it was packed.
 */
class RoundedOperandsTest {
  private static final int HALVES = 1 << 16;

  /** Of each upper half of an F32: exact, below, at and above a tie, and the most. */
  private static final int[] LOWER_HALVES = {0, 0x7FFF, 0x8000, 0x8001, 0xFFFF};

  static List<Kernels> kernels() {
    return TestTiers.all();
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void everyUpperHalfOfAnF32IsRoundedToTheNearest(Kernels kernels) {
    for (var lower : LOWER_HALVES) {
      var values = new float[HALVES];
      for (var i = 0; i < HALVES; i++) {
        values[i] = Float.intBitsToFloat(i << 16 | lower);
      }
      check(kernels, DType.F32, values);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void everyF16IsRoundedToTheNearest(Kernels kernels) {
    var values = new float[HALVES];
    for (var i = 0; i < HALVES; i++) {
      values[i] = Float.float16ToFloat((short) i);
    }
    check(kernels, DType.F16, values);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void everyBFloat16StaysAsItIs(Kernels kernels) {
    var values = new float[HALVES];
    for (var i = 0; i < HALVES; i++) {
      values[i] = BFloat16.toFloat((short) i);
    }
    check(kernels, DType.BF16, values);
  }

  /** As rows of a weight that streams or is packed, and as its columns. */
  private static void check(Kernels kernels, DType type, float[] values) {
    for (var operands : new DType[] {DType.BF16, DType.F32}) {
      for (var k : new int[] {1, 2, 5, 9, 34}) {
        for (var m : new int[] {1, 20}) {
          check(kernels, type, values, operands, m, k, false);
          check(kernels, type, values, operands, m, k, true);
        }
      }
    }
  }

  private static void check(
      Kernels kernels,
      DType type,
      float[] values,
      DType operands,
      int m,
      int k,
      boolean sideBySide) {
    var n = values.length / 16;
    var first = (31 * k + m) % 16;
    try (var arena = Arena.ofConfined();
        var workers = new WorkerPool(1)) {
      var ones = Tensor.allocate(arena, DType.F32, Shape.of(m, k));
      var weight = Tensor.allocate(arena, type, Shape.of((long) n * k));
      var c = Tensor.allocate(arena, DType.F32, Shape.of(m, n));
      var place = k - 1;
      for (var i = 0; i < m; i++) {
        ones.setFloat((long) i * k + place, 1);
      }
      for (var j = 0; j < n; j++) {
        weight.setFloat(
            sideBySide ? (long) place * n + j : (long) j * k + place, value(values, first, j));
      }
      var b =
          sideBySide
              ? new Matrix(weight.data(), 0, type, n, 1)
              : new Matrix(weight.data(), 0, type, 1, k);
      new Gemm(kernels, workers)
          .multiply(m, n, operands, 1, false, Matrix.of(c), new Term(Matrix.of(ones), b, k));
      for (var i = 0; i < m; i++) {
        for (var j = 0; j < n; j++) {
          var value = value(values, first, j);
          var actual = c.getFloat((long) i * n + j);
          if (!isRight(kernels, operands, value, actual)) {
            fail(
                String.format(
                    Locale.ROOT,
                    "%s, %s as %s, [%d, %d, %d]: of %x became %x",
                    kernels,
                    type,
                    operands,
                    m,
                    n,
                    k,
                    Float.floatToRawIntBits(value),
                    Float.floatToRawIntBits(actual)));
          }
        }
      }
    }
  }

  /** A sixteenth of the values for each size, another for the next. */
  private static float value(float[] values, int first, int j) {
    return values[first + 16 * j];
  }

  private static boolean isRight(Kernels kernels, DType operands, float value, float actual) {
    var expected = operands == DType.BF16 ? BFloat16.round(value) : value;
    if (expected == actual || (Float.isNaN(expected) && Float.isNaN(actual))) {
      return true;
    }
    // Instructions for BF16 take subnormal numbers for 0.
    var isSubnormal = Math.abs(value) < Float.MIN_NORMAL;
    var attention = kernels.attention();
    var hasInstructions = attention != null && attention.weightType() == DType.BF16;
    return hasInstructions && operands == DType.BF16 && isSubnormal && actual == 0;
  }
}
