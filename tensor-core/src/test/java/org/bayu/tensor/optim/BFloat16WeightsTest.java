package org.bayu.tensor.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Linear;
import org.bayu.tensor.autograd.LinearCrossEntropy;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.internal.kernels.StochasticRounding;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights and gradients in bf16: what F32 computes, rounded stochastically. */
class BFloat16WeightsTest {
  private static final AdamW.Settings SETTINGS = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);
  private static final int ELEMENTS = 40_001;

  private static Tensor normal(Arena arena, DType type, Random random, long... dims) {
    var tensor = Tensor.allocate(arena, type, Shape.of(dims));
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  /** An update begins with the F32 numbers of the weight, and ends with one rounding. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void anUpdateIsThatOfF32Rounded(int threads) {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(threads)) {
      var random = new Random(3);
      var start = normal(arena, DType.BF16, random, ELEMENTS);
      var half = new Parameter("w", start, true);
      half.train(arena, DType.BF16);
      var full = new Parameter("w", start, true);
      full.train(arena);
      try (var halfGradients = new Gradients(List.of(half.value()), 5);
          var fullGradients = new Gradients(List.of(full.value()), 5);
          var halfAdamW = new AdamW(device, List.of(half), SETTINGS, 11);
          var fullAdamW = new AdamW(device, List.of(full), SETTINGS, 11)) {
        for (var step = 1; step <= 2; step++) {
          var gradient = normal(arena, DType.BF16, random, ELEMENTS);
          halfGradients.of(half.value()).copyFrom(gradient);
          fullGradients.of(full.value()).copyFrom(gradient);
          full.value().copyFrom(half.value());
          halfAdamW.step(halfGradients, 0.01, 0.5);
          fullAdamW.step(fullGradients, 0.01, 0.5);
          var expected = Tensor.allocate(arena, DType.BF16, Shape.of(ELEMENTS));
          var key = StochasticRounding.key(11, step, 0);
          StochasticRounding.narrow(full.value().data(), 0, expected.data(), 0, ELEMENTS, key, 0);
          assertArrayEquals(expected.toFloats(), half.value().toFloats());
          assertEquals(
              GradientClip.globalNorm(device, fullGradients),
              GradientClip.globalNorm(device, halfGradients));
        }
      }
    }
  }

  /** Two micro-batches: each contribution is computed in F32, added, and rounded once. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void contributionsToAGradientAreAddedAndRounded(int threads) {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(threads);
        var workspace = new Workspace()) {
      var random = new Random(8);
      var weight = normal(arena, DType.BF16, random, 100, 90);
      try (var half = new Gradients(List.of(weight), 5);
          var full = new Gradients(List.of(weight))) {
        half.zero(7);
        var expected = Tensor.allocate(arena, DType.BF16, weight.shape());
        var sum = Tensor.allocate(arena, DType.F32, weight.shape());
        for (var batch = 0; batch < 2; batch++) {
          var x = normal(arena, DType.F32, random, 20, 90);
          full.zero();
          for (var gradients : List.of(half, full)) {
            var tape = new Tape(device, workspace, gradients);
            var y = Linear.apply(tape, tape.constant(x), weight, null, null);
            var identity = Tensor.allocate(arena, DType.F32, Shape.of(100, 100));
            for (var i = 0; i < 100; i++) {
              identity.setFloat(101L * i, 1);
            }
            var targets = Targets.mean(new int[] {1, 2, 3});
            tape.backward(LinearCrossEntropy.apply(tape, y, identity, null, targets));
            workspace.reset();
          }
          for (var i = 0L; i < sum.elements(); i++) {
            sum.setFloat(i, expected.getFloat(i) + full.of(weight).getFloat(i));
          }
          StochasticRounding.narrow(
              sum.data(),
              0,
              expected.data(),
              0,
              (int) sum.elements(),
              StochasticRounding.key(StochasticRounding.key(5, 7, 0), batch),
              0);
        }
        assertEquals(DType.BF16, half.of(weight).dtype());
        assertArrayEquals(expected.toFloats(), half.of(weight).toFloats());
      }
    }
  }
}
