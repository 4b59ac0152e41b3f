package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
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
import org.junit.jupiter.params.provider.ValueSource;

/** The small ops against their formulas in double precision. */
class OpValuesTest {
  /** A few roundings of binary32. */
  private static final double EPSILON = 4 * 0x1p-24;

  private final Arena arena = Arena.ofShared();
  private final Device device = Devices.cpu(2);
  private final Workspace workspace = new Workspace();
  private final Tape tape = Tape.inference(device, workspace);
  private final Random random = new Random(4);

  @AfterEach
  void free() {
    workspace.close();
    device.close();
    arena.close();
  }

  private Tensor normal(long... dims) {
    var tensor = Tensor.allocate(arena, DType.F32, Shape.of(dims));
    for (var i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  private Tensor ints(int... values) {
    return Tensor.ofInts(arena, values);
  }

  @Test
  void rmsNormDividesByTheRootOfTheMeanSquare() {
    var x = normal(37, 129);
    var weight = normal(129);
    var epsilon = 0.01f;
    var y = RmsNorm.apply(tape, tape.constant(x), weight, epsilon).value();
    for (var row = 0; row < 37; row++) {
      var squares = 0.0;
      for (var i = 0; i < 129; i++) {
        squares += Math.pow(x.getFloat(row * 129L + i), 2);
      }
      for (var i = 0; i < 129; i++) {
        var at = row * 129L + i;
        var expected = x.getFloat(at) / Math.sqrt(squares / 129 + epsilon) * weight.getFloat(i);
        assertEquals(expected, y.getFloat(at), EPSILON * Math.abs(expected));
      }
    }
  }

  @Test
  void rmsNormRoundsAResidualStreamToTheTypeAskedFor() {
    var x = normal(3, 5);
    var y = RmsNorm.apply(tape, tape.constant(x), normal(5), 1e-5f, DType.BF16).value();
    assertEquals(DType.BF16, y.dtype());
  }

  @Test
  void swiGluMultipliesBySiluOfTheGate() {
    var gate = normal(3, 7);
    var up = normal(3, 7);
    var y = SwiGlu.apply(tape, tape.constant(gate), tape.constant(up)).value();
    for (var i = 0; i < 21; i++) {
      double g = gate.getFloat(i);
      var expected = g / (1 + Math.exp(-g)) * up.getFloat(i);
      assertEquals(expected, y.getFloat(i), EPSILON * Math.abs(expected));
    }
  }

  @Test
  void embeddingTakesRowsOfAnyType() {
    for (var type : List.of(DType.F32, DType.BF16, DType.F16)) {
      var table = Tensor.allocate(arena, type, Shape.of(5, 3));
      table.copyFrom(normal(5, 3));
      var y = Embedding.apply(tape, ints(4, 0, 4), table, DType.F32).value();
      for (var i = 0; i < 3; i++) {
        assertEquals(table.getFloat(12 + i), y.getFloat(i));
        assertEquals(table.getFloat(i), y.getFloat(3 + i));
        assertEquals(table.getFloat(12 + i), y.getFloat(6 + i));
      }
    }
  }

  /** Added one by one in bf16 the gradient would stop at 256. */
  @Test
  void aBf16EmbeddingsGradientCountsATokenAsOftenAsItStandsThere() {
    var table = Tensor.allocate(arena, DType.BF16, Shape.of(4, 8));
    try (var gradients = new Gradients(List.of(table), 1)) {
      gradients.zero(0);
      var recording = new Tape(device, workspace, gradients);
      var y = Embedding.apply(recording, ints(new int[1000]), table, DType.BF16);
      var slope = recording.allocate(DType.BF16, 1000, 8);
      for (var i = 0; i < slope.elements(); i++) {
        slope.setFloat(i, 1);
      }
      recording.backward(y, slope);
      for (var i = 0; i < table.elements(); i++) {
        assertEquals(i < 8 ? 1000 : 0, gradients.of(table).getFloat(i));
      }
    }
  }

  @Test
  void anIdOutsideTheTableIsRefused() {
    var table = normal(5, 3);
    for (var id : new int[] {-1, 5}) {
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> Embedding.apply(tape, ints(0, id), table, DType.F32));
    }
  }

  @Test
  void rotaryEmbeddingTurnsPairsHalfAHeadApart() {
    var x = normal(2, 8);
    var angles = new double[][] {{0, 0}, {0.1, 0.9}, {0.2, 1.8}};
    var cos = Tensor.allocate(arena, DType.F32, Shape.of(3, 2));
    var sin = Tensor.allocate(arena, DType.F32, Shape.of(3, 2));
    for (var i = 0; i < 6; i++) {
      cos.setFloat(i, (float) Math.cos(angles[i / 2][i % 2]));
      sin.setFloat(i, (float) Math.sin(angles[i / 2][i % 2]));
    }
    var table = new RotaryTable(cos, sin);
    var positions = new int[] {2, 1};
    var y = RotaryEmbedding.apply(tape, tape.constant(x), ints(positions), table).value();
    for (var token = 0; token < 2; token++) {
      for (var head = 0; head < 2; head++) {
        for (var pair = 0; pair < 2; pair++) {
          var at = token * 8L + head * 4L + pair;
          var angle = angles[positions[token]][pair];
          double a = x.getFloat(at);
          double b = x.getFloat(at + 2);
          var c = Math.cos(angle);
          var s = Math.sin(angle);
          // The table's own rounding counts too; |a| and |b| are below 4.
          assertEquals(a * c - b * s, y.getFloat(at), 4 * EPSILON);
          assertEquals(b * c + a * s, y.getFloat(at + 2), 4 * EPSILON);
        }
      }
    }
  }

  @Test
  void aPositionBeyondTheTableIsRefused() {
    var x = tape.constant(normal(1, 4));
    var table = new RotaryTable(normal(3, 2), normal(3, 2));
    assertThrows(
        IndexOutOfBoundsException.class, () -> RotaryEmbedding.apply(tape, x, ints(3), table));
  }

  @Test
  void dropoutKeepsTheExpectedValue() {
    var ones = Tensor.allocate(arena, DType.F32, Shape.of(100, 1000));
    for (var i = 0; i < ones.elements(); i++) {
      ones.setFloat(i, 1);
    }
    var rows = IntStream.range(0, 100).asLongStream().toArray();
    var y = Dropout.apply(tape, tape.constant(ones), 0.25f, Dropout.key(7), rows).value();
    var kept = 0;
    for (var value : y.toFloats()) {
      assertTrue(value == 0 || value == 1 / 0.75f);
      kept += value == 0 ? 0 : 1;
    }
    // Five standard deviations of a binomial of 100,000 draws are 685.
    assertEquals(75_000, kept, 685);
  }

  @Test
  void dropoutMasksFollowTheTokenNotItsPlace() {
    var x = normal(4, 33);
    var all = dropped(x, 5, 10, 11, 12, 13);
    var some = dropped(x.slice(2, 4), 5, 12, 13);
    assertArrayEquals(Arrays.copyOfRange(all, 66, 132), some);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 8, 13})
  void dropoutOfSomeColumnsIsThatOfAllColumns(int first) {
    var x = normal(3, 33);
    var part = Tensor.allocate(arena, DType.F32, Shape.of(3, 20));
    for (var i = 0; i < 60; i++) {
      part.setFloat(i, x.getFloat(33L * (i / 20) + first + i % 20));
    }
    var all = dropped(x, 5, 10, 11, 12);
    var rows = new long[] {10, 11, 12};
    var some = Dropout.apply(tape, tape.constant(part), 0.5f, 5, rows, first).value().toFloats();
    for (var i = 0; i < 60; i++) {
      assertEquals(all[33 * (i / 20) + first + i % 20], some[i], "element " + i);
    }
  }

  @Test
  void dropoutMasksDifferByKeyAndRow() {
    var x = normal(1, 64);
    var masks =
        List.of(
            dropped(x, Dropout.key(1, 2), 0),
            dropped(x, Dropout.key(2, 1), 0),
            dropped(x, Dropout.key(1, 3), 0),
            dropped(x, Dropout.key(1, 2), 1));
    for (var i = 0; i < masks.size(); i++) {
      for (var j = 0; j < i; j++) {
        assertNotEquals(Arrays.toString(masks.get(i)), Arrays.toString(masks.get(j)));
      }
    }
  }

  private float[] dropped(Tensor x, long key, long... rows) {
    return Dropout.apply(tape, tape.constant(x), 0.5f, key, rows).value().toFloats();
  }

  @Test
  void dropoutOfProbabilityZeroIsTheVariableItself() {
    var x = tape.constant(normal(1, 4));
    assertSame(x, Dropout.apply(tape, x, 0, 1, new long[1]));
    assertThrows(IllegalArgumentException.class, () -> Dropout.apply(tape, x, 1, 1, new long[1]));
  }

  @Test
  void sumsTakeTheFirstVariablesType() {
    var x = normal(3, 5);
    var branch = Tensor.allocate(arena, DType.BF16, Shape.of(3, 5));
    branch.copyFrom(normal(3, 5));
    var y = Add.apply(tape, tape.constant(x), tape.constant(branch)).value();
    for (var i = 0; i < 15; i++) {
      assertEquals(x.getFloat(i) + branch.getFloat(i), y.getFloat(i));
    }
  }

  @Test
  void aBf16BranchOfAnF32SumGetsABf16Gradient() {
    try (var gradients = new Gradients(List.of())) {
      var recording = new Tape(device, workspace, gradients);
      var x = recording.input(normal(1, 1));
      var branch = recording.input(Tensor.allocate(arena, DType.BF16, Shape.of(1, 1)));
      recording.backward(Add.apply(recording, x, branch));
      var gradient = Objects.requireNonNull(branch.gradient());
      assertEquals(DType.BF16, gradient.dtype());
      assertEquals(1, gradient.getFloat(0));
    }
  }

  @Test
  void operandsThatDoNotFitAreNamed() {
    var a = tape.constant(normal(2, 3));
    var b = tape.constant(normal(3, 2));
    var message = assertThrows(ShapeException.class, () -> Add.apply(tape, a, b)).getMessage();
    assertEquals("add: F32 [2, 3] + F32 [3, 2]", message);
    assertThrows(ShapeException.class, () -> Multiply.apply(tape, a, b));
    assertThrows(ShapeException.class, () -> SwiGlu.apply(tape, a, b));
    assertThrows(ShapeException.class, () -> MatMul.apply(tape, a, a));
    assertThrows(ShapeException.class, () -> RmsNorm.apply(tape, a, normal(2), 0));
    assertThrows(ShapeException.class, () -> Dropout.apply(tape, a, 0.5f, 1, new long[3]));
    assertThrows(ShapeException.class, () -> Gather.apply(tape, a, new int[] {2}, DType.F32));
  }

  @Test
  void gradientCheckFindsAWrongGradient() {
    var x = normal(2, 3);
    GradientCheck.Function twice =
        (t, inputs) -> {
          var input = inputs.getFirst();
          var y = Add.apply(t, input, input);
          // One side's gradient is lost.
          return t.record("Test", y.value(), true, gradient -> t.pass(gradient, input));
        };
    assertThrows(AssertionError.class, () -> GradientCheck.check(List.of(), List.of(x), twice));
  }

  @Test
  void theGreatestElementOfARowIsTheFirstOfEqualOnes() {
    for (var columns : new int[] {1, 7, 1024, 1025, 5000}) {
      var x = normal(5, columns);
      var expected = new int[5];
      for (var row = 0; row < 5; row++) {
        expected[row] = random.nextInt(columns);
        for (var column = 0; column < columns; column++) {
          var at = (long) row * columns + column;
          var value = column == expected[row] || (column > expected[row] && column % 3 == 0);
          x.setFloat(at, value ? 9 : Math.min(8, x.getFloat(at)));
        }
      }
      assertArrayEquals(expected, Greatest.ofRows(device, x), "columns " + columns);
    }
  }

  @Test
  void theGreatestOfNothingButMinusInfinityIsTheFirst() {
    var x = normal(2, 3000);
    for (var i = 0; i < x.elements(); i++) {
      x.setFloat(i, i == 4500 ? -7 : Float.NEGATIVE_INFINITY);
    }
    assertArrayEquals(new int[] {0, 1500}, Greatest.ofRows(device, x));
  }
}
