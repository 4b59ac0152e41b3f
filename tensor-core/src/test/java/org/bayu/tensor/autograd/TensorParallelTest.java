package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.device.Devices;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ops of two processes that compute the same, so that a sum over them is twice the term. */
class TensorParallelTest {
  private static final int ROWS = 5;
  private static final int COLUMNS = 24;

  private final Arena arena = Arena.ofShared();
  private final Device device = Devices.cpu(1);
  private final Workspace workspace = new Workspace();
  private final SplittableRandom random = new SplittableRandom(11);
  private final Tensor x = randomTensor(ROWS, COLUMNS);
  private final Tensor norm = randomTensor(COLUMNS);
  private final Tensor first = randomTensor(COLUMNS, COLUMNS);
  private final Tensor second = randomTensor(COLUMNS, COLUMNS);
  private final List<float[]> terms = new ArrayList<>();

  @AfterEach
  void free() {
    workspace.close();
    device.close();
    arena.close();
  }

  private Tensor randomTensor(long... dims) {
    var tensor = Tensor.allocate(arena, DType.F32, Shape.of(dims));
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextDouble(-1, 1));
    }
    return tensor;
  }

  private void twice(Tensor term) {
    terms.add(term.toFloats());
    for (var i = 0L; i < term.elements(); i++) {
      term.setFloat(i, 2 * term.getFloat(i));
    }
  }

  private static float[] doubled(float[] values) {
    var doubled = values.clone();
    for (var i = 0; i < doubled.length; i++) {
      doubled[i] *= 2;
    }
    return doubled;
  }

  /** The gradients of the input and of the norm's weight; two ops read the norm's output. */
  private List<float[]> gradients(boolean isParallel, boolean forgets) {
    try (var gradients = new Gradients(List.of(norm))) {
      var tape = new Tape(device, workspace, gradients);
      if (forgets) {
        tape.computeCheapAgain();
      }
      var input = tape.input(x);
      var normed = RmsNorm.apply(tape, input, norm, 1e-5f);
      if (isParallel) {
        TensorParallel.input(tape, normed, this::twice);
      }
      var a = Linear.apply(tape, normed, first, null, null);
      var b = Linear.apply(tape, normed, second, null, null);
      tape.forget(normed);
      tape.backward(Add.apply(tape, a, b), randomGradient(tape));
      var result =
          List.of(
              Objects.requireNonNull(input.gradient()).toFloats(), gradients.of(norm).toFloats());
      workspace.reset();
      return result;
    }
  }

  private Tensor randomGradient(Tape tape) {
    var gradient = tape.allocate(DType.F32, ROWS, COLUMNS);
    var numbers = new SplittableRandom(3);
    for (var i = 0L; i < gradient.elements(); i++) {
      gradient.setFloat(i, (float) numbers.nextDouble(-1, 1));
    }
    return gradient;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theGradientOfTheInputIsAddedOnceWhenAllOpsHaveAddedToIt(boolean forgets) {
    var alone = gradients(false, forgets);
    var together = gradients(true, forgets);
    assertEquals(1, terms.size());
    // Twice is exact, and so it remains in what is linear in the gradient.
    assertArrayEquals(doubled(alone.get(0)), together.get(0));
    assertArrayEquals(doubled(alone.get(1)), together.get(1));
  }

  @Test
  void aGradientThatOthersHoldTooRemainsTheirs() {
    try (var gradients = new Gradients(List.of(first, second))) {
      var tape = new Tape(device, workspace, gradients);
      var own = Linear.apply(tape, tape.constant(x), first, null, null);
      var other = Linear.apply(tape, tape.constant(x), second, null, null);
      TensorParallel.input(tape, own, this::twice);
      // Both get the same gradient, which the sum's backward pass shares.
      tape.backward(Add.apply(tape, other, own), randomGradient(tape));
      assertArrayEquals(doubled(gradients.of(second).toFloats()), gradients.of(first).toFloats());
    }
  }

  @Test
  void theOutputIsTheSumAndItsGradientThatOfEachTerm() {
    try (var gradients = new Gradients(List.of(first))) {
      var tape = new Tape(device, workspace, gradients);
      var y = Linear.apply(tape, tape.constant(x), first, null, null);
      var alone = y.value().toFloats();
      TensorParallel.output(tape, y, this::twice);
      assertArrayEquals(doubled(alone), y.value().toFloats());
      var gradient = randomGradient(tape).toFloats();
      tape.backward(y, randomGradient(tape));
      assertArrayEquals(productWithInput(gradient), gradients.of(first).toFloats(), 1e-5f);
    }
  }

  /** gradientᵀ·x. */
  private float[] productWithInput(float[] gradient) {
    var product = new float[COLUMNS * COLUMNS];
    for (var i = 0; i < product.length; i++) {
      for (var row = 0; row < ROWS; row++) {
        product[i] +=
            gradient[row * COLUMNS + i / COLUMNS] * x.getFloat((long) row * COLUMNS + i % COLUMNS);
      }
    }
    return product;
  }

  /** Two sums of three terms, in that order. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void rowsAreAddedInTheirOrderAndRoundedOnce(DType type) {
    var columns = 20_001; // more than a task
    var rows = Tensor.allocate(arena, type, Shape.of(3, columns));
    rows.copyFrom(randomTensor(3, columns));
    var sum = Tensor.allocate(arena, type, Shape.of(columns));
    TensorParallel.sumOfRows(device, rows, sum);
    var expected = Tensor.allocate(arena, type, sum.shape());
    for (var i = 0; i < columns; i++) {
      expected.setFloat(
          i, rows.getFloat(i) + rows.getFloat(columns + i) + rows.getFloat(2 * columns + i));
    }
    assertArrayEquals(expected.toFloats(), sum.toFloats());
    assertThrows(
        ShapeException.class, () -> TensorParallel.sumOfRows(device, rows, rows.slice(0, 1)));
  }

  @Test
  void whatIsComputedAgainIsAddedAgainOnlyWhereItIsRead() {
    try (var gradients = new Gradients(List.of(first, second))) {
      var tape = new Tape(device, workspace, gradients);
      var y = Checkpoint.apply(tape, tape.constant(x), this::block);
      assertEquals(2, terms.size());
      tape.backward(y, randomGradient(tape));
      // The inner output again, and the gradient of the last op's input.
      assertEquals(4, terms.size());
      assertArrayEquals(terms.get(0), terms.get(2));
    }
  }

  private Variable block(Tape tape, Variable input) {
    var inner = Linear.apply(tape, input, first, null, null);
    TensorParallel.output(tape, inner, this::twice);
    TensorParallel.input(tape, inner, this::twice);
    return tape.last(
        () -> {
          var y = Linear.apply(tape, inner, second, null, null);
          TensorParallel.output(tape, y, this::twice);
          return y;
        });
  }
}
