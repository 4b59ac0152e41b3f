package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.device.Devices;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Values whose memory a tape gives back before the backward pass. */
class ForgottenValuesTest {
  private static final int ROWS = 37;
  private static final int COLUMNS = 24;

  private final Arena arena = Arena.ofShared();
  private final Device device = Devices.cpu(2);
  private final SplittableRandom random = new SplittableRandom(5);
  private final Tensor norm = randomTensor(DType.F32, COLUMNS);
  private final Tensor x = randomTensor(DType.F32, ROWS, COLUMNS);
  private final Tensor weight = randomTensor(DType.F32, 8, COLUMNS);

  @AfterEach
  void free() {
    device.close();
    arena.close();
  }

  private Tensor randomTensor(DType dtype, long... dims) {
    var tensor = Tensor.allocate(arena, dtype, Shape.of(dims));
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextDouble(-1, 1));
    }
    return tensor;
  }

  record Case(String op, BiFunction<Tape, Variable, Variable> apply, DType type) {
    @Override
    public String toString() {
      return op + ", " + type;
    }
  }

  private Stream<Case> cases(DType type) {
    return Stream.of(
        new Case("RmsNorm", (tape, in) -> RmsNorm.apply(tape, in, norm, 1e-5f, type), type),
        new Case("SwiGlu", (tape, in) -> SwiGlu.apply(tape, in, in), DType.F32),
        new Case(
            "Dropout", (tape, in) -> Dropout.apply(tape, in, 0.5f, 3, new long[ROWS]), DType.F32));
  }

  /** The value, the gradients of x and of the weight behind the op. */
  private List<float[]> results(Case c, boolean forgets) {
    try (var workspace = new Workspace();
        var gradients = new Gradients(List.of(weight))) {
      var tape = new Tape(device, workspace, gradients);
      var input = tape.input(x);
      var value = c.apply.apply(tape, input);
      var before = value.value().toFloats();
      var y = Linear.apply(tape, value, weight, null, null);
      if (forgets) {
        tape.computeCheapAgain();
        tape.forget(value);
        // Takes the memory that was given back.
        var other = tape.allocate(value.form().dtype(), value.form().shape().dims());
        other.data().fill((byte) 0x7f);
      }
      var one = tape.allocate(y.value().dtype(), y.value().shape().dims());
      for (var i = 0; i < one.elements(); i++) {
        one.setFloat(i, (i % 7) / 8f);
      }
      tape.backward(y, one);
      var gradient = Objects.requireNonNull(input.gradient());
      return List.of(before, gradient.toFloats(), gradients.of(weight).toFloats());
    }
  }

  @Test
  void whatIsCheapIsComputedAgainToTheSameBits() {
    for (var type : List.of(DType.F32, DType.BF16)) {
      cases(type)
          .forEach(
              c -> {
                var kept = results(c, false);
                var forgotten = results(c, true);
                for (var i = 0; i < kept.size(); i++) {
                  assertArrayEquals(kept.get(i), forgotten.get(i), c + ", " + i);
                }
              });
    }
  }

  @Test
  void theMemoryOfAForgottenValueIsFreeWhereCheapOnesAreComputedAgain() {
    try (var workspace = new Workspace();
        var gradients = new Gradients(List.of(weight))) {
      var tape = new Tape(device, workspace, gradients);
      var value = RmsNorm.apply(tape, tape.input(x), norm, 1e-5f);
      var kept = value.value();
      tape.forget(value);
      assertSame(kept, value.value());
      tape.computeCheapAgain();
      tape.forget(value);
      var peak = workspace.peakBytes();
      tape.allocate(DType.F32, ROWS, COLUMNS);
      assertEquals(peak, workspace.peakBytes());
    }
  }

  @Test
  void whatCannotBeComputedAgainIsNotReadWhereItWas() {
    try (var workspace = new Workspace();
        var gradients = new Gradients(List.of(weight))) {
      var tape = new Tape(device, workspace, gradients);
      var y = Linear.apply(tape, tape.input(x), weight, null, null);
      tape.forget(y);
      assertThrows(IllegalStateException.class, y::value);
      var untaped = Tape.inference(device, workspace);
      var normed = RmsNorm.apply(untaped, untaped.constant(x), norm, 1e-5f);
      untaped.forget(normed);
      assertThrows(IllegalStateException.class, normed::value);
    }
  }

  @Test
  void whatTheCallerOwnsIsNotForgotten() {
    try (var workspace = new Workspace();
        var gradients = new Gradients(List.of(weight))) {
      var tape = new Tape(device, workspace, gradients);
      var input = tape.input(x);
      tape.forget(input);
      assertEquals(x, input.value());
    }
  }

  /** Gradients of x and of the weight, and how many of the block's last values had memory. */
  private List<float[]> checkpointed(boolean last, boolean nested, List<Boolean> computed) {
    try (var workspace = new Workspace();
        var gradients = new Gradients(List.of(weight))) {
      var tape = new Tape(device, workspace, gradients);
      var input = tape.input(x);
      Checkpoint.Block block =
          (inner, in) -> {
            var normed = RmsNorm.apply(inner, in, norm, 1e-5f);
            var y =
                last
                    ? inner.last(() -> Linear.apply(inner, normed, weight, null, null))
                    : Linear.apply(inner, normed, weight, null, null);
            computed.add(y.value().hasMemory());
            return y;
          };
      var y =
          Checkpoint.apply(
              tape, input, nested ? (inner, in) -> Checkpoint.apply(inner, in, block) : block);
      var seed = tape.allocate(DType.F32, ROWS, 8);
      for (var i = 0; i < seed.elements(); i++) {
        seed.setFloat(i, (i % 5) / 4f);
      }
      var value = y.value().toFloats();
      tape.backward(y, seed);
      var gradient = Objects.requireNonNull(input.gradient());
      return List.of(value, gradient.toFloats(), gradients.of(weight).toFloats());
    }
  }

  @Test
  void theLastOpOfABlockIsComputedOnlyOnce() {
    var always = new ArrayList<Boolean>();
    var once = new ArrayList<Boolean>();
    var expected = checkpointed(false, false, always);
    var actual = checkpointed(true, false, once);
    var nested = checkpointed(true, true, new ArrayList<>());
    for (var i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), "result " + i);
      assertArrayEquals(expected.get(i), nested.get(i), "nested, result " + i);
    }
    assertEquals(List.of(true, true), always);
    assertEquals(List.of(true, false), once);
  }
}
