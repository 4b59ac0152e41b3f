package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Linear.LowRank;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.ScalarBFloat16;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinearCrossEntropyTest {
  private static final int ROWS = 5;
  private static final int FEATURES = 7;
  private static final int CLASSES = 11;

  /** Row 1 has no target, row 3 three of them, two alike. */
  private static final Targets TARGETS =
      new Targets(
          new int[] {3, 0, 3, 4, 2, 3},
          new int[] {10, 1, 0, 1, 5, 10},
          new double[] {0.5, 0.25, 0.125, 1, 0.3, 0.2});

  private final Arena arena = Arena.ofShared();
  private final Random random = new Random(7);
  private final Tensor hidden = normal(ROWS, FEATURES);
  private final Tensor weight = normal(CLASSES, FEATURES);
  private final Tensor a = normal(2, FEATURES);
  private final Tensor b = normal(CLASSES, 2);

  private Tensor normal(int rows, int columns) {
    var tensor = Tensor.allocate(arena, DType.F32, Shape.of(rows, columns));
    for (var i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void theGradientsAreThoseOfTheLoss() {
    GradientCheck.check(
        List.of(weight),
        List.of(hidden),
        (tape, inputs) -> LinearCrossEntropy.apply(tape, inputs.getFirst(), weight, null, TARGETS));
  }

  @Test
  void theGradientsOfALowRankTermAreThoseOfTheLoss() {
    var lowRank = new LowRank(a, b, 0.5f, null);
    GradientCheck.check(
        List.of(weight, a, b),
        List.of(hidden),
        (tape, inputs) ->
            LinearCrossEntropy.apply(tape, inputs.getFirst(), weight, lowRank, TARGETS));
  }

  @Test
  void theLowRankTermMayHaveAnInputOfItsOwn() {
    GradientCheck.check(
        List.of(weight, a, b),
        List.of(hidden, normal(ROWS, FEATURES)),
        (tape, inputs) ->
            LinearCrossEntropy.apply(
                tape,
                inputs.getFirst(),
                weight,
                new LowRank(a, b, 0.5f, inputs.getLast()),
                TARGETS));
  }

  @Test
  void theLossIsTheWeightedSumOfNegativeLogLikelihoods() {
    var expected = 0.0;
    for (var i = 0; i < TARGETS.size(); i++) {
      var logits = new double[CLASSES];
      var sum = 0.0;
      for (var c = 0; c < CLASSES; c++) {
        for (var k = 0; k < FEATURES; k++) {
          logits[c] +=
              (double) hidden.getFloat((long) TARGETS.rows()[i] * FEATURES + k)
                  * weight.getFloat((long) c * FEATURES + k);
        }
        sum += Math.exp(logits[c]);
      }
      expected += TARGETS.weights()[i] * (Math.log(sum) - logits[TARGETS.classes()[i]]);
    }
    try (var device = Devices.cpu(2);
        var workspace = new Workspace()) {
      var tape = Tape.inference(device, workspace);
      var loss =
          LinearCrossEntropy.apply(tape, tape.constant(hidden), weight, null, TARGETS).value();
      // A logit has FEATURES roundings of its size, about 3; the loss one more.
      assertEquals(expected, loss.getFloat(0), 3 * (FEATURES + 1) * Math.ulp(1f));
    }
  }

  @Test
  void gradientsInBFloat16AreRoundedOnceBeforeTheirProduct() {
    var x = Tensor.allocate(arena, DType.BF16, hidden.shape());
    var w = Tensor.allocate(arena, DType.BF16, weight.shape());
    x.copyFrom(hidden);
    w.copyFrom(weight);
    var all = TestTiers.all();
    all.add(ScalarBFloat16.TIER);
    for (var kernels : all) {
      try (var device = new CpuDevice(kernels, new WorkerPool(2));
          var workspace = new Workspace();
          var gradients = new Gradients(List.of())) {
        var tape = new Tape(device, workspace, gradients);
        var input = tape.input(x);
        tape.backward(LinearCrossEntropy.apply(tape, input, w, null, TARGETS));
        checkGradient(x, w, Objects.requireNonNull(input.gradient()));
      }
    }
  }

  private static void checkGradient(Tensor x, Tensor w, Tensor actual) {
    for (var row = 0; row < ROWS; row++) {
      var logits = new double[CLASSES];
      var sum = 0.0;
      for (var c = 0; c < CLASSES; c++) {
        for (var k = 0; k < FEATURES; k++) {
          logits[c] += (double) x.getFloat(row * FEATURES + k) * w.getFloat(c * FEATURES + k);
        }
        sum += Math.exp(logits[c]);
      }
      var dLogits = new double[CLASSES];
      for (var i = 0; i < TARGETS.size(); i++) {
        if (TARGETS.rows()[i] == row) {
          for (var c = 0; c < CLASSES; c++) {
            dLogits[c] += TARGETS.weights()[i] * Math.exp(logits[c]) / sum;
          }
          dLogits[TARGETS.classes()[i]] -= TARGETS.weights()[i];
        }
      }
      for (var k = 0; k < FEATURES; k++) {
        var expected = 0.0;
        var magnitude = 0.0;
        for (var c = 0; c < CLASSES; c++) {
          expected += dLogits[c] * w.getFloat(c * FEATURES + k);
          magnitude += Math.abs(dLogits[c] * w.getFloat(c * FEATURES + k));
        }
        // Each is rounded to bf16, and their sum of products is.
        var error = 0x1.01p-8 * (magnitude + Math.abs(expected)) + 1e-6;
        assertEquals(expected, actual.getFloat(row * FEATURES + k), error);
      }
    }
  }

  /** So many classes that the logits are computed in three pieces of 32 rows at most. */
  @Test
  void theLossIsThatOfAllPieces() {
    var rows = 70;
    var classes = 1 << 20;
    var numbers = Tensor.allocate(arena, DType.F32, Shape.of(rows, 1));
    var targets = new int[rows];
    var weights = new double[rows];
    var expected = 0.0;
    for (var row = 0; row < rows; row++) {
      numbers.setFloat(row, row * 0.5f);
      targets[row] = row % 2;
      weights[row] = 1.0 / (row + 1);
      // Class 0's logit is that number, the others' are 0.
      var logSum = Math.log(classes - 1 + Math.exp(row * 0.5));
      expected += weights[row] * (logSum - (row % 2 == 0 ? row * 0.5 : 0));
    }
    var ids = IntStream.range(0, rows).toArray();
    var classOne = Tensor.allocate(arena, DType.F32, Shape.of(classes, 1));
    classOne.setFloat(0, 1);
    try (var device = Devices.cpu(2);
        var workspace = new Workspace()) {
      var tape = Tape.inference(device, workspace);
      var loss =
          LinearCrossEntropy.apply(
              tape, tape.constant(numbers), classOne, null, new Targets(ids, targets, weights));
      assertEquals(expected, loss.value().getFloat(0), 1e-6 * expected);
    }
  }

  /**
   * Processes that keep parts of gradients make the same additions, with fewer rows or more: here
   * none, those of one piece, and those of three.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 5, 70})
  void theWeightHasOneAdditionForAnyNumberOfRows(int rows) {
    var classes = 1 << 20;
    var weights = Tensor.allocate(arena, DType.F32, Shape.of(classes, 1));
    var numbers = Tensor.allocate(arena, DType.F32, Shape.of(70, 1));
    IntStream.range(0, 70).forEach(row -> numbers.setFloat(row, 1));
    var ids = IntStream.range(0, rows).toArray();
    var additions = new ArrayList<Float>();
    var parts =
        new GradientParts() {
          @Override
          public long from(long elements) {
            return 0;
          }

          @Override
          public long to(long elements) {
            return elements;
          }

          @Override
          public int terms() {
            return 1;
          }

          @Override
          public Tensor add(int weight, Tensor addition, Sum sum) {
            additions.add(addition.getFloat(0));
            sum.addWhole();
            return addition;
          }
        };
    try (var device = Devices.cpu(2);
        var workspace = new Workspace();
        var gradients = new Gradients(List.of(weights), List.of(DType.F32), Set.of(), 0, parts)) {
      var tape = new Tape(device, workspace, gradients);
      var classZero = new int[rows];
      var ones = DoubleStream.generate(() -> 1).limit(rows).toArray();
      var targets = new Targets(ids, classZero, ones);
      var loss = LinearCrossEntropy.apply(tape, tape.constant(numbers), weights, null, targets);
      tape.backward(loss);
      // Each row adds p - 1, and all classes are equally probable.
      var expected = rows * (1.0 / classes - 1);
      assertEquals(1, additions.size());
      assertEquals(expected, additions.getFirst(), 1e-6 * rows);
      assertEquals(expected, gradients.of(weights).getFloat(0), 1e-6 * rows);
    }
  }

  /** Three pieces add to A's and B's gradients. */
  @Test
  void theListenerHearsOfAnAdapterOnceWhenAllPiecesHaveBeenAdded() {
    var rows = 70;
    var classes = 1 << 20;
    var frozen = Tensor.allocate(arena, DType.F32, Shape.of(classes, 1));
    var a = Tensor.ofFloats(arena, Shape.of(1, 1), 1);
    var b = Tensor.allocate(arena, DType.F32, Shape.of(classes, 1));
    var numbers = Tensor.allocate(arena, DType.F32, Shape.of(rows, 1));
    IntStream.range(0, rows).forEach(row -> numbers.setFloat(row, 1));
    var ids = IntStream.range(0, rows).toArray();
    var ones = DoubleStream.generate(() -> 1).limit(rows).toArray();
    try (var device = Devices.cpu(2);
        var workspace = new Workspace();
        var gradients = new Gradients(List.of(a, b))) {
      var heard = new ArrayList<Integer>();
      gradients.whenAdded(
          weight -> {
            heard.add(weight);
            // Each row adds p - 1 to that of B's first row.
            assertEquals(rows * (1.0 / classes - 1), gradients.of(b).getFloat(0), 1e-6 * rows);
          });
      var tape = new Tape(device, workspace, gradients);
      var loss =
          LinearCrossEntropy.apply(
              tape,
              tape.constant(numbers),
              frozen,
              new Linear.LowRank(a, b, 1, null),
              new Targets(ids, new int[rows], ones));
      assertEquals(List.of(), heard);
      tape.backward(loss);
      assertEquals(Set.of(0, 1), Set.copyOf(heard));
      assertEquals(2, heard.size());
    }
  }

  @Test
  void targetsOutOfRangeAreRefused() {
    try (var device = Devices.cpu(1);
        var workspace = new Workspace()) {
      var tape = Tape.inference(device, workspace);
      var x = tape.constant(hidden);
      for (var targets :
          List.of(
              new Targets(new int[] {ROWS}, new int[] {0}, new double[] {1}),
              new Targets(new int[] {0}, new int[] {CLASSES}, new double[] {1}),
              new Targets(new int[] {-1}, new int[] {0}, new double[] {1}))) {
        assertThrows(
            ShapeException.class, () -> LinearCrossEntropy.apply(tape, x, weight, null, targets));
      }
    }
  }

  @Test
  void onlyAsTheRootOfTheBackwardPass() {
    try (var device = Devices.cpu(1);
        var workspace = new Workspace();
        var gradients = new Gradients(List.of(weight))) {
      var tape = new Tape(device, workspace, gradients);
      var loss = LinearCrossEntropy.apply(tape, tape.constant(hidden), weight, null, TARGETS);
      var doubled = Add.apply(tape, loss, Add.apply(tape, loss, loss));
      assertThrows(IllegalStateException.class, () -> tape.backward(doubled));
    }
  }
}
