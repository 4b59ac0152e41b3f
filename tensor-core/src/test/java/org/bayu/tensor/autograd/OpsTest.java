package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.OpCases.Case;
import org.bayu.tensor.device.Devices;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every op. */
class OpsTest {
  static Stream<Case> small() {
    return OpCases.all(Arena.global(), DType.F32, 5).stream();
  }

  @ParameterizedTest
  @MethodSource("small")
  void gradientsAreThoseOfDifferences(Case op) {
    GradientCheck.check(op.weights(), op.inputs(), op.function());
  }

  @ParameterizedTest
  @ValueSource(strings = {"F32", "BF16"})
  void bitsDoNotDependOnThreads(DType type) {
    // Rows for more than one task of every op.
    var rows = 1300;
    var one = results(type, rows, 1);
    assertResults(one, results(type, rows, 2));
    assertResults(one, results(type, rows, 3));
  }

  private static void assertResults(List<List<float[]>> expected, List<List<float[]>> actual) {
    for (var i = 0; i < expected.size(); i++) {
      for (var j = 0; j < expected.get(i).size(); j++) {
        assertArrayEquals(
            expected.get(i).get(j),
            actual.get(i).get(j),
            String.format(Locale.ROOT, "case %d, tensor %d", i, j));
      }
    }
  }

  private static List<List<float[]>> results(DType type, int rows, int threads) {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(threads)) {
      return OpCases.all(arena, type, rows).stream().map(op -> Run.of(device, op)).toList();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 70})
  void bf16ForwardIsTheF32ResultRoundedOnce(int rows) {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(1);
        var workspace = new Workspace()) {
      var wide = OpCases.all(arena, DType.F32, rows);
      var narrow = OpCases.all(arena, DType.BF16, rows);
      for (var i = 0; i < wide.size(); i++) {
        var op = wide.get(i);
        if (!op.single()) {
          continue;
        }
        var tape = Tape.inference(device, workspace);
        var expected = Run.forward(tape, op).toFloats();
        var actual = Run.forward(tape, narrow.get(i)).toFloats();
        for (var j = 0; j < expected.length; j++) {
          assertEquals(BFloat16.round(expected[j]), actual[j], op + " element " + j);
        }
        workspace.reset();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("small")
  void stepsAfterTheFirstAllocateNothing(Case op) {
    try (var device = Devices.cpu(2);
        var workspace = new Workspace();
        var gradients = new Gradients(op.weights())) {
      var held = new ArrayList<Long>();
      for (var step = 0; step < 3; step++) {
        workspace.reset();
        gradients.zero();
        var tape = new Tape(device, workspace, gradients);
        var y = op.function().apply(tape, op.inputs().stream().map(tape::input).toList());
        tape.backward(y, Run.ones(tape, y.value()));
        held.add(workspace.bytes());
      }
      assertEquals(held.get(1), held.get(2));
    }
  }

  @ParameterizedTest
  @MethodSource("small")
  void backwardAddsToGradients(Case op) {
    try (var device = Devices.cpu(1);
        var workspace = new Workspace();
        var gradients = new Gradients(op.weights())) {
      var once = new ArrayList<float[]>();
      for (var pass = 1; pass <= 2; pass++) {
        var tape = new Tape(device, workspace, gradients);
        var y = op.function().apply(tape, op.inputs().stream().map(tape::input).toList());
        tape.backward(y, Run.ones(tape, y.value()));
        for (var i = 0; i < op.weights().size(); i++) {
          var gradient = gradients.of(op.weights().get(i)).toFloats();
          if (pass == 1) {
            once.add(gradient);
          } else {
            for (var j = 0; j < gradient.length; j++) {
              // Doubling is exact; the sum of two equal chains differs only where they round.
              assertEquals(2 * once.get(i)[j], gradient[j], 1e-5 * (1 + Math.abs(gradient[j])));
            }
          }
        }
      }
    }
  }

  /** A function run forward and, from a gradient of ones, backward. */
  static final class Run {
    private Run() {}

    static Tensor ones(Tape tape, Tensor like) {
      var ones = tape.allocate(like.dtype(), like.shape().dims());
      for (var i = 0; i < ones.elements(); i++) {
        ones.setFloat(i, 1);
      }
      return ones;
    }

    static Tensor forward(Tape tape, Case op) {
      return op.function().apply(tape, op.inputs().stream().map(tape::constant).toList()).value();
    }

    /** The value, the weights' gradients, the inputs' gradients. */
    static List<float[]> of(Device device, Case op) {
      try (var workspace = new Workspace();
          var gradients = new Gradients(op.weights())) {
        var tape = new Tape(device, workspace, gradients);
        var variables = op.inputs().stream().map(tape::input).toList();
        var y = op.function().apply(tape, variables);
        var results = new ArrayList<float[]>();
        results.add(y.value().toFloats());
        tape.backward(y, ones(tape, y.value()));
        op.weights().forEach(weight -> results.add(gradients.of(weight).toFloats()));
        for (var variable : variables) {
          var gradient = variable.gradient();
          if (gradient != null) {
            results.add(gradient.toFloats());
          }
        }
        return results;
      }
    }
  }
}
