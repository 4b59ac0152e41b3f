package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.KernelsSuite.AtAwkwardSizes;
import org.bayu.tensor.internal.parallel.HeapAllocation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Loops over bf16 beside the same in double, at awkward sizes and places: what each implementation
 * has to hold.
 */
abstract class BFloat16KernelsSuite {
  /** Half a unit in the last place of binary32 and of bf16, relative. */
  private static final double U = 0x1p-24, U16 = 0x1p-8;

  /** A subnormal bf16 may have become 0. */
  private static final double TINY = 0x1p-126;

  private final Arena arena = Arena.ofConfined();
  private final Random random = new Random(12);
  private final List<GuardedMemory> outputs = new ArrayList<>();
  private final BFloat16Kernels kernels;

  BFloat16KernelsSuite(BFloat16Kernels kernels) {
    this.kernels = kernels;
  }

  final BFloat16Kernels kernels() {
    return kernels;
  }

  @AfterEach
  void checkGuardsAndFree() {
    outputs.forEach(GuardedMemory::assertIntact);
    arena.close();
  }

  private GuardedMemory input(DType type, int n) {
    return GuardedMemory.random(arena, type, n, 2 * random.nextInt(32), random);
  }

  private GuardedMemory output(DType type, int n) {
    var memory = GuardedMemory.allocate(arena, type, n, 2 * random.nextInt(32));
    outputs.add(memory);
    return memory;
  }

  /** Of a bf16 that was rounded once, from a number with this error. */
  private static void assertRounded(double exact, double error, float actual) {
    assertEquals(exact, actual, U16 * (Math.abs(exact) + error) + error + TINY);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Such as occur, and such that an exponential over- or underflows. */
  private GuardedMemory gates(int n) {
    var gate = input(DType.BF16, n);
    var special = new float[] {0, -0f, 88, -88, 89, -89, 104, -104, 200, -200, 1e30f, -1e30f};
    for (var i = 0; i < n; i++) {
      gate.set(i, i % 3 == 1 ? special[i / 3 % special.length] : 6 * gate.get(i));
    }
    return gate;
  }

  @AtAwkwardSizes
  void swiGluIsRoundedOnce(int n) {
    var gate = gates(n);
    var up = input(DType.BF16, n);
    var y = output(DType.BF16, n);
    kernels.swiGlu(gate.segment(), gate.at(), up.segment(), up.at(), y.segment(), y.at(), n);
    for (var i = 0; i < n; i++) {
      var exact = gate.get(i) * sigmoid(gate.get(i)) * up.get(i);
      // 2.2 ulp of the exponential, half of the sum, of the quotient and of two products.
      assertRounded(exact, (4.4 + 1 + 1 + 2) * U * Math.abs(exact), y.get(i));
    }
  }

  @AtAwkwardSizes
  void swiGluGradientsAreRoundedOnce(int n) {
    var gate = gates(n);
    var up = input(DType.BF16, n);
    var dy = input(DType.BF16, n);
    var dGate = output(DType.BF16, n);
    var dUp = output(DType.BF16, n);
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
    for (var i = 0; i < n; i++) {
      double g = gate.get(i);
      var sigmoid = sigmoid(g);
      var exactUp = dy.get(i) * g * sigmoid;
      assertRounded(exactUp, 8.4 * U * Math.abs(exactUp), dUp.get(i));
      // 1 + g·(1 − σ): its two terms, each with the error of σ, 6 u, may cancel.
      var slope = 1 + g * sigmoid(-g);
      var factor = dy.get(i) * up.get(i) * sigmoid;
      var error = Math.abs(factor) * U * (9 * Math.abs(slope) + 7 * Math.abs(g) + 1);
      assertRounded(factor * slope, error, dGate.get(i));
    }
  }

  @Test
  void whatIsNoNumberStaysSo() {
    var gate = output(DType.BF16, 3);
    var up = output(DType.BF16, 3);
    var y = output(DType.BF16, 3);
    gate.set(0, Float.NaN);
    gate.set(1, Float.POSITIVE_INFINITY);
    gate.set(2, 1);
    up.set(0, 1);
    up.set(1, 2);
    up.set(2, Float.NaN);
    kernels.swiGlu(gate.segment(), gate.at(), up.segment(), up.at(), y.segment(), y.at(), 3);
    assertEquals(Float.NaN, y.get(0));
    assertEquals(Float.POSITIVE_INFINITY, y.get(1));
    assertEquals(Float.NaN, y.get(2));
  }

  @AtAwkwardSizes
  void exponentialsAreSummedInDoubleAndScaledInPlace(int n) {
    var x = input(DType.F32, n);
    for (var i = 0; i < n; i++) {
      x.set(i, Math.min(80, 30 * x.get(i)));
    }
    var shift = 7.3f;
    var factor = 0.37f;
    var sum = 0.0;
    for (var i = 0; i < n; i++) {
      sum += Math.exp(x.get(i) - shift);
    }
    // 2.2 ulp of exp, whatever n.
    assertEquals(sum, kernels.sumOfExp(shift, x.segment(), x.at(), n), 4.4 * U * sum + 1e-45);
    var y = x.copy(arena, 2 * random.nextInt(32));
    outputs.add(y);
    kernels.scaledExp(shift, factor, y.segment(), y.at(), y.segment(), y.at(), n);
    var rounded = new GuardedMemory(y.segment(), y.at(), DType.BF16, n);
    for (var i = 0; i < n; i++) {
      var exact = factor * Math.exp(x.get(i) - shift);
      assertRounded(exact, (4.4 + 1 + 1) * U * exact, rounded.get(i));
    }
  }

  @Test
  void greatAndMissingExponentialsAreSummed() {
    var x = output(DType.F32, 20);
    for (var i = 0; i < 20; i++) {
      x.set(i, Float.NEGATIVE_INFINITY);
    }
    assertEquals(0, kernels.sumOfExp(0, x.segment(), x.at(), 20));
    assertEquals(0, kernels.sumOfExp(0, x.segment(), x.at(), 0));
    x.set(17, 3);
    assertEquals(1, kernels.sumOfExp(3, x.segment(), x.at(), 20));
    x.set(16, 1e30f);
    assertEquals(Double.POSITIVE_INFINITY, kernels.sumOfExp(3, x.segment(), x.at(), 20));
    x.set(16, Float.NaN);
    assertTrue(Double.isNaN(kernels.sumOfExp(3, x.segment(), x.at(), 20)));
  }

  @AtAwkwardSizes
  void rowsAreScaledAndMultiplied(int n) {
    var x = input(DType.F32, n);
    var weight = input(DType.F32, n);
    var y = output(DType.BF16, n);
    kernels.scaleAndMultiply(
        0.3f, x.segment(), x.at(), weight.segment(), weight.at(), y.segment(), y.at(), n);
    for (var i = 0; i < n; i++) {
      assertEquals(BFloat16.round(x.get(i) * 0.3f * weight.get(i)), y.get(i));
    }
  }

  @AtAwkwardSizes
  void normalisationGradientsAreAdded(int n) {
    var x = input(DType.F32, n);
    var weight = input(DType.F32, n);
    var dy = input(DType.BF16, n);
    var inverseRms = 0.8f;
    var sum = 0.0;
    var magnitude = 0.0;
    for (var i = 0; i < n; i++) {
      var product = (double) dy.get(i) * weight.get(i) * x.get(i);
      sum += product;
      magnitude += Math.abs(product);
    }
    var share = (double) inverseRms * inverseRms / n;
    for (var adds : new boolean[] {false, true}) {
      var before = input(DType.F32, n);
      var dx = before.copy(arena, random.nextInt(64));
      outputs.add(dx);
      kernels.rmsNormBackward(
          x.segment(),
          x.at(),
          weight.segment(),
          weight.at(),
          dy.segment(),
          dy.at(),
          dx.segment(),
          dx.at(),
          n,
          inverseRms,
          adds);
      for (var i = 0; i < n; i++) {
        var g = (double) dy.get(i) * weight.get(i);
        var exact = inverseRms * (g - share * sum * x.get(i)) + (adds ? before.get(i) : 0);
        // c has the error of a sum of n products, a sixteenth in each lane, and two roundings more.
        var c = share * magnitude * Math.abs(x.get(i));
        var error = 4 * U * Math.abs(g) + (n / 16 + 10) * U * c + 2 * U * Math.abs(exact);
        assertEquals(exact, dx.get(i), error);
      }
    }
  }

  @AtAwkwardSizes
  void headsAreRotated(int half) {
    var heads = 3;
    var x = input(DType.BF16, 2 * half * heads);
    var y = output(DType.BF16, 2 * half * heads);
    var cos = GuardedMemory.allocate(arena, DType.F32, half, 4);
    var sin = GuardedMemory.allocate(arena, DType.F32, half, 4);
    for (var i = 0; i < half; i++) {
      cos.set(i, (float) Math.cos(0.37 * i));
      sin.set(i, (float) Math.sin(0.37 * i));
    }
    for (var sign : new float[] {1, -1}) {
      kernels.rotate(
          x.segment(),
          x.at(),
          cos.segment(),
          sin.segment(),
          cos.at(),
          y.segment(),
          y.at(),
          half,
          heads,
          sign);
      for (var i = 0; i < half * heads; i++) {
        var first = i / half * 2 * half + i % half;
        var a = x.get(first);
        var b = x.get(first + half);
        var c = cos.get(i % half);
        var s = sin.get(i % half) * sign;
        assertEquals(BFloat16.round(Math.fma(-b, s, a * c)), y.get(first));
        assertEquals(BFloat16.round(Math.fma(a, s, b * c)), y.get(first + half));
      }
    }
  }

  @Test
  void nothingIsAllocated() {
    var n = 207;
    var x = input(DType.BF16, n).segment();
    var wide = input(DType.F32, n).segment();
    var y = input(DType.BF16, n).segment();
    var dx = input(DType.F32, n).segment();
    var sums = new double[1];
    HeapAllocation.assertNone(
        "loops over bf16",
        1000,
        () -> {
          kernels.swiGlu(x, 0, x, 0, y, 64, n);
          kernels.swiGluBackward(x, 0, x, 0, x, 0, y, 64, y, 64, n);
          sums[0] += kernels.sumOfExp(1, wide, 0, n);
          kernels.scaledExp(1, 2, wide, 64, y, 64, n);
          kernels.scaleAndMultiply(2, wide, 64, wide, 64, y, 64, n);
          kernels.rmsNormBackward(wide, 0, wide, 0, x, 0, dx, 64, n, 1, true);
          kernels.rotate(x, 64, wide, wide, 64, y, 64, 16, 3, 1);
        });
  }
}
