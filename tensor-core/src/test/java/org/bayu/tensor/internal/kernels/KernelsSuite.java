package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A tier's kernels beside their scalar twins, at awkward sizes and places. */
abstract class KernelsSuite {
  private static final Kernels SCALAR = ScalarKernels.INSTANCE;

  /** Half a unit in the last place of binary32, relative. */
  private static final double U = 0x1p-24;

  private final Kernels kernels;
  private final Arena arena = Arena.ofConfined();
  private final Random random = new Random(11);
  private final List<GuardedMemory> outputs = new ArrayList<>();

  KernelsSuite(Kernels kernels) {
    this.kernels = kernels;
  }

  @AfterEach
  void checkGuardsAndFree() {
    outputs.forEach(GuardedMemory::assertIntact);
    arena.close();
  }

  private GuardedMemory input(int n) {
    return GuardedMemory.random(arena, DType.F32, n, random.nextInt(64), random);
  }

  private GuardedMemory output(DType type, int n) {
    var memory = GuardedMemory.allocate(arena, type, n, random.nextInt(64));
    outputs.add(memory);
    return memory;
  }

  private GuardedMemory output(int n) {
    return output(DType.F32, n);
  }

  private GuardedMemory inOut(GuardedMemory source) {
    var memory = source.copy(arena, random.nextInt(64));
    outputs.add(memory);
    return memory;
  }

  private static void assertSameBits(GuardedMemory expected, GuardedMemory actual) {
    assertArrayEquals(expected.toFloats(), actual.toFloats());
  }

  /** Sizes around one vector, four, and more, for vectors of 4, 8 and 16 lanes. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 7, 13, 15, 16, 17, 33, 63, 64, 65, 207, 702, 1023})
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.METHOD)
  @interface AtAwkwardSizes {}

  @AtAwkwardSizes
  void sumsAndProductsHaveTheSameBits(int n) {
    var a = input(n);
    var b = input(n);
    for (var tier : List.of(SCALAR, kernels)) {
      var sum = output(n);
      tier.add(a.segment(), a.at(), b.segment(), b.at(), sum.segment(), sum.at(), n);
      var product = output(n);
      tier.multiply(a.segment(), a.at(), b.segment(), b.at(), product.segment(), product.at(), n);
      var scaled = inOut(a);
      tier.scale(0.3f, scaled.segment(), scaled.at(), n);
      var added = inOut(a);
      tier.addScaled(0.3f, b.segment(), b.at(), added.segment(), added.at(), n);
      for (var i = 0; i < n; i++) {
        assertEquals(a.get(i) + b.get(i), sum.get(i));
        assertEquals(a.get(i) * b.get(i), product.get(i));
        assertEquals(0.3f * a.get(i), scaled.get(i));
        assertEquals(Math.fma(0.3f, b.get(i), a.get(i)), added.get(i));
      }
    }
  }

  @AtAwkwardSizes
  void anOutputMayBeAnInput(int n) {
    var a = input(n);
    var b = input(n);
    var sum = inOut(a);
    kernels.add(sum.segment(), sum.at(), b.segment(), b.at(), sum.segment(), sum.at(), n);
    for (var i = 0; i < n; i++) {
      assertEquals(a.get(i) + b.get(i), sum.get(i));
    }
  }

  @AtAwkwardSizes
  void dotProductsAgree(int n) {
    var a = input(n);
    var b = input(n);
    var expected = SCALAR.dot(a.segment(), a.at(), b.segment(), b.at(), n);
    var actual = kernels.dot(a.segment(), a.at(), b.segment(), b.at(), n);
    var magnitude = 0.0;
    for (var i = 0; i < n; i++) {
      magnitude += Math.abs((double) a.get(i) * b.get(i));
    }
    // A lane sums every 4·lanes-th product, lanes ≥ 4, and some of the tail; then the tree.
    assertEquals(expected, actual, (n / 16 + 12) * U * magnitude);
  }

  @AtAwkwardSizes
  void sumsOfSquaresAgreeInDoublePrecision(int n) {
    var x = input(n);
    var expected = SCALAR.sumOfSquares(x.segment(), x.at(), n);
    assertEquals(
        expected, kernels.sumOfSquares(x.segment(), x.at(), n), (n + 8) * 0x1p-53 * expected);
  }

  @AtAwkwardSizes
  void theGreatestIsFoundWhereverItStands(int n) {
    var x = input(n);
    assertEquals(SCALAR.max(x.segment(), x.at(), n), kernels.max(x.segment(), x.at(), n));
    for (var i = 0; i < n; i += 1 + n / 50) {
      var old = x.get(i);
      for (var value : new float[] {100 + i, Float.POSITIVE_INFINITY, Float.NaN}) {
        x.set(i, value);
        assertEquals(value, kernels.max(x.segment(), x.at(), n));
        assertEquals(value, SCALAR.max(x.segment(), x.at(), n));
      }
      x.set(i, old);
    }
    for (var i = 0; i < n; i++) {
      x.set(i, Float.NEGATIVE_INFINITY);
    }
    assertEquals(Float.NEGATIVE_INFINITY, kernels.max(x.segment(), x.at(), n));
  }

  @Test
  void ofZerosThePositiveOneIsGreater() {
    for (var n : new int[] {2, 17, 40}) {
      for (var at = 0; at < n; at++) {
        var x = output(n);
        for (var i = 0; i < n; i++) {
          x.set(i, -0f);
        }
        assertEquals(-0f, kernels.max(x.segment(), x.at(), n));
        x.set(at, 0);
        assertEquals(0f, kernels.max(x.segment(), x.at(), n));
      }
    }
  }

  @Test
  void aSumOfSquaresOfGreatNumbersIsFinite() {
    var x = output(41);
    for (var i = 0; i < 41; i++) {
      x.set(i, Float.MAX_VALUE);
    }
    var square = (double) Float.MAX_VALUE * Float.MAX_VALUE;
    assertEquals(41 * square, kernels.sumOfSquares(x.segment(), x.at(), 41), 0x1p-46 * square);
  }

  @Test
  void aNumberThatIsNarrowedMayTakeItsOwnPlace() {
    for (var n : new int[] {1, 7, 8, 41}) {
      var x = input(n);
      var expected = output(DType.BF16, n);
      SCALAR.narrow(DType.BF16, x.segment(), x.at(), expected.segment(), expected.at(), n);
      kernels.narrow(DType.BF16, x.segment(), x.at(), x.segment(), x.at(), n);
      for (var i = 0; i < n; i++) {
        assertEquals(
            expected.segment().get(JAVA_SHORT_UNALIGNED, expected.at() + 2L * i),
            x.segment().get(JAVA_SHORT_UNALIGNED, x.at() + 2L * i));
      }
    }
  }

  @AtAwkwardSizes
  void rowsThatAreNarrowedLeaveWhatIsBetweenThem(int n) {
    var rows = 3;
    for (var type : List.of(DType.F32, DType.BF16, DType.F16)) {
      var x = input(rows * (n + 2));
      var expected = output(type, rows * (n + 5));
      var actual = output(type, rows * (n + 5));
      for (var row = 0; row < rows; row++) {
        var from = x.at() + 4L * row * (n + 2);
        var to = (long) type.bytes() * row * (n + 5);
        SCALAR.narrow(type, x.segment(), from, expected.segment(), expected.at() + to, n);
      }
      kernels.narrowRows(
          type,
          rows,
          x.segment(),
          x.at(),
          4L * (n + 2),
          actual.segment(),
          actual.at(),
          (long) type.bytes() * (n + 5),
          n);
      assertSameBits(expected, actual);
      actual.assertIntact();
    }
  }

  @AtAwkwardSizes
  void rowsThatAreAddedToOthersLeaveWhatIsBetweenThem(int n) {
    var rows = 3;
    for (var type : List.of(DType.F32, DType.BF16, DType.F16)) {
      var x = input(rows * (n + 2));
      var y = GuardedMemory.random(arena, type, rows * (n + 5), random.nextInt(64), random);
      var expected = y.copy(arena, 0);
      for (var row = 0; row < rows; row++) {
        for (var i = 0; i < n; i++) {
          var at = row * (n + 5) + i;
          expected.set(at, Math.fma(-0.375f, x.get(row * (n + 2) + i), y.get(at)));
        }
      }
      kernels.addScaledRows(
          type,
          -0.375f,
          rows,
          x.segment(),
          x.at(),
          4L * (n + 2),
          y.segment(),
          y.at(),
          (long) type.bytes() * (n + 5),
          n,
          arena.allocate(4L * n + 64, 64));
      assertSameBits(expected, y);
      y.assertIntact();
    }
  }

  @AtAwkwardSizes
  void exponentialsAndTheirSumsAgree(int n) {
    var x = input(n);
    var expected = inOut(x);
    var actual = inOut(x);
    var shift = 0.7f;
    var expectedSum = SCALAR.expAndSum(shift, expected.segment(), expected.at(), n);
    var actualSum = kernels.expAndSum(shift, actual.segment(), actual.at(), n);
    for (var i = 0; i < n; i++) {
      // The difference x − shift, below 8, is rounded here and not there; then 2.2 ulp of exp.
      assertEquals(expected.get(i), actual.get(i), (8 + 5) * U * expected.get(i));
    }
    assertEquals(expectedSum, actualSum, (8 + 6) * U * expectedSum);
  }

  @AtAwkwardSizes
  void normalisationsAgree(int n) {
    assumeTrue(n > 0, "a row has elements");
    var x = input(n);
    var weight = input(n);
    var expected = output(n);
    var actual = output(n);
    var expectedRms =
        SCALAR.rmsNorm(
            x.segment(),
            x.at(),
            weight.segment(),
            weight.at(),
            expected.segment(),
            expected.at(),
            n,
            1e-5f);
    var actualRms =
        kernels.rmsNorm(
            x.segment(),
            x.at(),
            weight.segment(),
            weight.at(),
            actual.segment(),
            actual.at(),
            n,
            1e-5f);
    // Both round a nearly exact double; two roundings more in y.
    assertEquals(expectedRms, actualRms, 2 * U * expectedRms);
    for (var i = 0; i < n; i++) {
      assertEquals(expected.get(i), actual.get(i), 5 * U * Math.abs(expected.get(i)));
    }
  }

  @AtAwkwardSizes
  void normalisationGradientsAgree(int n) {
    var x = input(n);
    var weight = input(n);
    var dy = input(n);
    var expected = output(n);
    var actual = output(n);
    var inverseRms = 0.8f;
    SCALAR.rmsNormBackward(
        x.segment(),
        x.at(),
        weight.segment(),
        weight.at(),
        dy.segment(),
        dy.at(),
        expected.segment(),
        expected.at(),
        n,
        inverseRms);
    kernels.rmsNormBackward(
        x.segment(),
        x.at(),
        weight.segment(),
        weight.at(),
        dy.segment(),
        dy.at(),
        actual.segment(),
        actual.at(),
        n,
        inverseRms);
    var magnitude = 0.0;
    for (var i = 0; i < n; i++) {
      magnitude += Math.abs((double) dy.get(i) * weight.get(i) * x.get(i)) / n;
    }
    for (var i = 0; i < n; i++) {
      // c carries the error of a sum of n products of two roundings each.
      var g = Math.abs(dy.get(i) * weight.get(i));
      var bound = 4 * U * g + (n / 8 + 16) * U * magnitude * Math.abs(x.get(i));
      assertEquals(expected.get(i), actual.get(i), bound);
    }
  }

  @AtAwkwardSizes
  void swiGluAndItsGradientsAgree(int n) {
    var gate = input(n);
    var up = input(n);
    var dy = input(n);
    for (var i = 0; i < n; i++) {
      gate.set(i, gate.get(i) * 6);
    }
    var expected = List.of(output(n), output(n), output(n));
    var actual = List.of(output(n), output(n), output(n));
    swiGlu(SCALAR, gate, up, dy, expected, n);
    swiGlu(kernels, gate, up, dy, actual, n);
    for (var i = 0; i < n; i++) {
      var g = Math.abs(gate.get(i));
      // σ: 2.5 ulp, 5 u; then one or two products.
      assertEquals(
          expected.get(0).get(i), actual.get(0).get(i), 9 * U * Math.abs(expected.get(0).get(i)));
      assertEquals(
          expected.get(2).get(i), actual.get(2).get(i), 9 * U * Math.abs(expected.get(2).get(i)));
      // 1 + g·(1 − σ): its two terms, each with σ's error, may cancel.
      var sigmoid = 1 / (1 + Math.exp(-gate.get(i)));
      var factor = Math.abs(dy.get(i) * up.get(i)) * sigmoid;
      assertEquals(expected.get(1).get(i), actual.get(1).get(i), 20 * U * factor * (1 + g));
    }
  }

  private static void swiGlu(
      Kernels kernels,
      GuardedMemory gate,
      GuardedMemory up,
      GuardedMemory dy,
      List<GuardedMemory> results,
      int n) {
    var y = results.get(0);
    var dGate = results.get(1);
    var dUp = results.get(2);
    kernels.swiGlu(gate.segment(), gate.at(), up.segment(), up.at(), y.segment(), y.at(), n);
    kernels.swiGluBackward(
        gate.segment(),
        gate.at(),
        up.segment(),
        up.at(),
        dy.segment(),
        dy.at(),
        dGate.segment(),
        dGate.at(),
        dUp.segment(),
        dUp.at(),
        n);
  }

  @AtAwkwardSizes
  void rotationsAgreeAndTurnBack(int half) {
    var x = input(2 * half);
    var cos = output(half);
    var sin = output(half);
    for (var i = 0; i < half; i++) {
      cos.set(i, (float) Math.cos(0.37 * i));
      sin.set(i, (float) Math.sin(0.37 * i));
    }
    // The two tables share one offset.
    var table = sin.copy(arena, (int) cos.at() % 64);
    var expected = output(2 * half);
    var actual = output(2 * half);
    rotate(SCALAR, x, cos, table, expected, half, -1);
    rotate(kernels, x, cos, table, actual, half, -1);
    for (var i = 0; i < 2 * half; i++) {
      var length = Math.hypot(x.get(i % half), x.get(i % half + half));
      assertEquals(expected.get(i), actual.get(i), 3 * U * length);
    }
    rotate(kernels, actual, cos, table, actual, half, 1);
    for (var i = 0; i < 2 * half; i++) {
      var length = Math.hypot(x.get(i % half), x.get(i % half + half));
      assertEquals(x.get(i), actual.get(i), 8 * U * length);
    }
  }

  private static void rotate(
      Kernels kernels,
      GuardedMemory x,
      GuardedMemory cos,
      GuardedMemory sin,
      GuardedMemory y,
      int half,
      float sign) {
    kernels.rotate(
        x.segment(),
        x.at(),
        cos.segment(),
        sin.segment(),
        cos.at(),
        y.segment(),
        y.at(),
        half,
        sign);
  }

  @AtAwkwardSizes
  void adamWHasTheSameBits(int n) {
    var scalars = new AdamWScalars(0.9f, 0.9f, 0.95f, 1e-8f, 1e-3f, 0.1f, 10, 20);
    List<GuardedMemory> expected = new ArrayList<>();
    List<GuardedMemory> actual = new ArrayList<>();
    for (var i = 0; i < 4; i++) {
      var values = input(n);
      if (i == 3) { // second moments are not negative
        for (var j = 0; j < n; j++) {
          values.set(j, values.get(j) * values.get(j));
        }
      }
      expected.add(values.copy(arena, random.nextInt(64)));
      actual.add(values.copy(arena, random.nextInt(64)));
    }
    outputs.addAll(actual);
    adamW(SCALAR, expected, n, scalars);
    adamW(kernels, actual, n, scalars);
    for (var i = 0; i < 4; i++) {
      assertSameBits(expected.get(i), actual.get(i));
    }
  }

  private static void adamW(
      Kernels kernels, List<GuardedMemory> tensors, int n, AdamWScalars scalars) {
    kernels.adamW(
        tensors.get(0).segment(),
        tensors.get(0).at(),
        tensors.get(1).segment(),
        tensors.get(1).at(),
        tensors.get(2).segment(),
        tensors.get(2).at(),
        tensors.get(3).segment(),
        tensors.get(3).at(),
        n,
        scalars);
  }

  @Test
  void every16BitPatternWidensToTheSameNumber() {
    for (var type : List.of(DType.BF16, DType.F16)) {
      var source = GuardedMemory.allocate(arena, type, 1 << 16, 2);
      for (var i = 0; i < 1 << 16; i++) {
        source.segment().set(JAVA_SHORT_UNALIGNED, source.at() + 2L * i, (short) i);
      }
      var expected = output(1 << 16);
      var actual = output(1 << 16);
      var n = (1 << 16) - 1; // the last one, a NaN, in the scalar tail
      SCALAR.widen(type, source.segment(), source.at(), expected.segment(), expected.at(), n);
      kernels.widen(type, source.segment(), source.at(), actual.segment(), actual.at(), n);
      assertSameBits(expected, actual);

      // And back: every number is its own nearest; only NaNs may change their payload.
      var back = output(type, 1 << 16);
      kernels.narrow(type, actual.segment(), actual.at(), back.segment(), back.at(), n);
      assertArrayEquals(Arrays.copyOf(source.toFloats(), n), Arrays.copyOf(back.toFloats(), n));
    }
  }

  /** Every exponent and sign with every pattern near the 16-bit types' last places and ties. */
  @Test
  void numbersOfEveryClassNarrowToTheSameBits() {
    List<Integer> patterns = new ArrayList<>();
    var fractions =
        new int[] {
          0, 1, 2, 0x0FFF, 0x1000, 0x1001, 0x1FFF, 0x2000, 0x2FFF, 0x3000, 0x3001, 0x7FFF, 0x8000,
          0x8001, 0xFFFF, 0x10000, 0x17FFF, 0x18000, 0x18001, 0x400000, 0x3FFFFF, 0x7FE000,
          0x7FEFFF, 0x7FF000, 0x7FFFFF, 0x7F7FFF, 0x7F8000, 0x7F8001
        };
    for (var exponent = 0; exponent < 256; exponent++) {
      for (var fraction : fractions) {
        patterns.add(exponent << 23 | fraction);
        patterns.add(1 << 31 | exponent << 23 | fraction);
      }
      for (var i = 0; i < 100; i++) {
        patterns.add(exponent << 23 | random.nextInt(1 << 23) | random.nextInt(2) << 31);
      }
    }
    var n = patterns.size();
    var source = GuardedMemory.allocate(arena, DType.F32, n, 1);
    for (var i = 0; i < n; i++) {
      source
          .segment()
          .set(JAVA_FLOAT_UNALIGNED, source.at() + 4L * i, Float.intBitsToFloat(patterns.get(i)));
    }
    for (var type : List.of(DType.BF16, DType.F16)) {
      var expected = output(type, n);
      var actual = output(type, n);
      SCALAR.narrow(type, source.segment(), source.at(), expected.segment(), expected.at(), n);
      kernels.narrow(type, source.segment(), source.at(), actual.segment(), actual.at(), n);
      for (var i = 0; i < n; i++) {
        assertEquals(expected.get(i), actual.get(i), Integer.toHexString(patterns.get(i)));
        assertEquals(Float.isNaN(source.get(i)), Float.isNaN(actual.get(i)));
      }
    }
  }

  @AtAwkwardSizes
  void conversionsOfAnyLengthStayInTheirBounds(int n) {
    for (var type : List.of(DType.F32, DType.BF16, DType.F16)) {
      var source = GuardedMemory.random(arena, type, n, random.nextInt(64), random);
      var wide = output(n);
      kernels.widen(type, source.segment(), source.at(), wide.segment(), wide.at(), n);
      assertSameBits(source, wide);
      var narrow = output(type, n);
      kernels.narrow(type, wide.segment(), wide.at(), narrow.segment(), narrow.at(), n);
      assertSameBits(source, narrow);
    }
  }

  @Test
  void unusualNumbersHaveTheirExponentialsAndSilus() {
    var inf = Float.POSITIVE_INFINITY;
    var values = new float[] {Float.NaN, inf, -inf, 0, -0f, -Float.MAX_VALUE, 89, -104, 100};
    var exponentials = new float[] {Float.NaN, inf, 0, 1, 1, 0, inf, 0, inf};
    var silus = new float[] {Float.NaN, inf, Float.NaN, 0, -0f, -0f, 89, -0f, 100};
    // Once in the body and once in the masked tail.
    for (var n : new int[] {values.length, 64 + values.length}) {
      var x = output(n);
      var ones = output(n);
      for (var i = 0; i < n; i++) {
        x.set(i, values[i % values.length]);
        ones.set(i, 1);
      }
      var silu = output(n);
      kernels.swiGlu(x.segment(), x.at(), ones.segment(), ones.at(), silu.segment(), silu.at(), n);
      var exp = inOut(x);
      assertTrue(Float.isNaN(kernels.expAndSum(0, exp.segment(), exp.at(), n)));
      for (var i = 0; i < n; i++) {
        assertEquals(exponentials[i % values.length], exp.get(i));
        assertEquals(silus[i % values.length], silu.get(i), Float.MIN_NORMAL);
      }
    }
  }

  @Test
  void aNaNStaysInItsElementAndInEverySumOverIt() {
    for (var at : new int[] {3, 40}) { // body and tail
      var n = 41;
      var x = input(n);
      var y = input(n);
      x.set(at, Float.NaN);
      var sum = output(n);
      kernels.add(x.segment(), x.at(), y.segment(), y.at(), sum.segment(), sum.at(), n);
      for (var i = 0; i < n; i++) {
        assertEquals(i == at, Float.isNaN(sum.get(i)));
      }
      assertTrue(Float.isNaN(kernels.dot(x.segment(), x.at(), y.segment(), y.at(), n)));
      assertTrue(Double.isNaN(kernels.sumOfSquares(x.segment(), x.at(), n)));
      assertTrue(Float.isNaN(kernels.max(x.segment(), x.at(), n)));
    }
  }
}
