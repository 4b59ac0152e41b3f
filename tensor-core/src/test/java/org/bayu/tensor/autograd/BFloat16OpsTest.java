package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarBFloat16;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Values and gradients of ops on bf16, beside double precision, on all kernels and on loops over
 * bf16.
 */
class BFloat16OpsTest {
  /** Half a unit in the last place of bf16, relative. */
  private static final double U = 0x1p-8;

  private static final int ROWS = 37;
  private static final int COLUMNS = 48;

  private final Arena arena = Arena.ofShared();
  private final Workspace workspace = new Workspace();
  private final Random random = new Random(3);

  static Stream<Kernels> kernels() {
    return Stream.concat(TestTiers.all().stream(), Stream.of(ScalarBFloat16.TIER));
  }

  @AfterEach
  void free() {
    workspace.close();
    arena.close();
  }

  private Tensor normal(DType type, int rows, int columns) {
    var tensor = Tensor.allocate(arena, type, Shape.of(rows, columns));
    for (var i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  /** Runs backwards from Σᵢⱼ yᵢⱼ·slopeⱼ, so that dy is the slope, rounded to y's type. */
  private void backward(
      Kernels kernels, List<Tensor> inputs, Tensor slope, Function<Call, Variable> op) {
    try (var device = new CpuDevice(kernels, new WorkerPool(2));
        var gradients = new Gradients(List.of())) {
      var tape = new Tape(device, workspace, gradients);
      var variables = inputs.stream().map(tape::input).toList();
      var call = new Call(tape, variables);
      var y = op.apply(call);
      var ones = Tensor.allocate(arena, y.value().dtype(), Shape.of(1, y.value().rows()));
      for (var i = 0; i < ones.elements(); i++) {
        ones.setFloat(i, 1);
      }
      var products = MatMul.apply(tape, y, tape.constant(slope));
      tape.backward(MatMul.apply(tape, tape.constant(ones), products));
      call.check();
    }
  }

  /** The op's tape and inputs, and what is to be looked at afterwards. */
  private static final class Call {
    private final Tape tape;
    private final List<Variable> inputs;
    private Runnable check = () -> {};

    Call(Tape tape, List<Variable> inputs) {
      this.tape = tape;
      this.inputs = inputs;
    }

    float gradient(int input, long element) {
      return Objects.requireNonNull(inputs.get(input).gradient()).getFloat(element);
    }

    void check() {
      check.run();
    }
  }

  private static void assertRounded(double exact, float actual) {
    // Some roundings of binary32 before the one to bf16.
    assertEquals(exact, actual, U * (1 + 0x1p-10) * Math.abs(exact) + 1e-7);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aLinearLayerWithAResultInF32RoundsNoSum(Kernels kernels) {
    for (var rows : new int[] {1, ROWS, 100}) { // streamed and packed
      var x = normal(DType.BF16, rows, COLUMNS);
      var weight = normal(DType.BF16, 21, COLUMNS);
      try (var device = new CpuDevice(kernels, new WorkerPool(2))) {
        var tape = Tape.inference(device, workspace);
        var y = Linear.apply(tape, tape.constant(x), weight, null, null, DType.F32).value();
        assertEquals(DType.F32, y.dtype());
        for (var i = 0; i < y.elements(); i++) {
          var exact = 0.0;
          var magnitude = 0.0;
          for (var k = 0; k < COLUMNS; k++) {
            var row = i / y.columns() * COLUMNS;
            var product =
                (double) x.getFloat(row + k) * weight.getFloat(i % y.columns() * COLUMNS + k);
            exact += product;
            magnitude += Math.abs(product);
          }
          // A sum of 48 products in binary32; one rounding to bf16 more would be 2⁻⁹ of it.
          assertEquals(exact, y.getFloat(i), COLUMNS * 0x1p-24 * magnitude);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void swiGluAndItsGradientsAreRoundedOnce(Kernels kernels) {
    var gate = normal(DType.BF16, ROWS, COLUMNS);
    var up = normal(DType.BF16, ROWS, COLUMNS);
    var slope = normal(DType.BF16, COLUMNS, 1);
    backward(
        kernels,
        List.of(gate, up),
        slope,
        call -> {
          var y = SwiGlu.apply(call.tape, call.inputs.get(0), call.inputs.get(1));
          var values = y.value().toFloats();
          call.check =
              () -> {
                for (var i = 0; i < values.length; i++) {
                  double g = gate.getFloat(i);
                  double u = up.getFloat(i);
                  double d = slope.getFloat(i % COLUMNS);
                  var sigmoid = 1 / (1 + Math.exp(-g));
                  assertRounded(g * sigmoid * u, values[i]);
                  assertRounded(d * u * sigmoid * (1 + g * (1 - sigmoid)), call.gradient(0, i));
                  assertRounded(d * g * sigmoid, call.gradient(1, i));
                }
              };
          return y;
        });
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aNormOfTheResidualStreamAddsToItsGradient(Kernels kernels) {
    var x = normal(DType.F32, ROWS, COLUMNS);
    var weight = normal(DType.F32, 1, COLUMNS).reshape(COLUMNS);
    var slope = normal(DType.F32, COLUMNS, 1);
    backward(
        kernels,
        List.of(x),
        slope,
        call -> {
          var in = call.inputs.getFirst();
          var normed = RmsNorm.apply(call.tape, in, weight, 1e-5f, DType.BF16);
          var values = normed.value().toFloats();
          call.check = () -> checkNorm(x, weight, slope, values, call);
          return Add.apply(call.tape, in, normed);
        });
  }

  private static void checkNorm(Tensor x, Tensor weight, Tensor slope, float[] values, Call call) {
    for (var row = 0; row < ROWS; row++) {
      var squares = 0.0;
      var products = 0.0;
      for (var i = 0; i < COLUMNS; i++) {
        double value = x.getFloat(row * COLUMNS + i);
        squares += value * value;
        products += BFloat16.round(slope.getFloat(i)) * (double) weight.getFloat(i) * value;
      }
      var inverse = 1 / Math.sqrt(squares / COLUMNS + 1e-5);
      for (var i = 0; i < COLUMNS; i++) {
        var at = row * COLUMNS + i;
        assertRounded(x.getFloat(at) * inverse * weight.getFloat(i), values[at]);
        var g = BFloat16.round(slope.getFloat(i)) * (double) weight.getFloat(i);
        var dx = inverse * (g - products * inverse * inverse / COLUMNS * x.getFloat(at));
        assertEquals(slope.getFloat(i) + dx, call.gradient(0, at), 1e-5);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void rotationsTurnGradientsBack(Kernels kernels) {
    var headDim = 12;
    var x = normal(DType.BF16, ROWS, 4 * headDim);
    var slope = normal(DType.BF16, 4 * headDim, 1);
    var cos = Tensor.allocate(arena, DType.F32, Shape.of(ROWS, headDim / 2));
    var sin = Tensor.allocate(arena, DType.F32, Shape.of(ROWS, headDim / 2));
    for (var i = 0; i < cos.elements(); i++) {
      cos.setFloat(i, (float) Math.cos(0.3 * i));
      sin.setFloat(i, (float) Math.sin(0.3 * i));
    }
    var table = new RotaryTable(cos, sin);
    backward(
        kernels,
        List.of(x),
        slope,
        call -> {
          var positions = call.tape.ints(IntStream.range(0, ROWS).toArray());
          var y = RotaryEmbedding.apply(call.tape, call.inputs.getFirst(), positions, table);
          var values = y.value().toFloats();
          call.check = () -> checkRotation(x, slope, cos, sin, headDim, values, call);
          return y;
        });
  }

  private static void checkRotation(
      Tensor x, Tensor slope, Tensor cos, Tensor sin, int headDim, float[] values, Call call) {
    var half = headDim / 2;
    for (var i = 0; i < ROWS * 4 * half; i++) {
      var row = i / (4 * half);
      var column = i % (4 * half) / half * headDim + i % half;
      var at = row * 4 * headDim + column;
      double c = cos.getFloat(row * half + i % half);
      double s = sin.getFloat(row * half + i % half);
      assertRounded(x.getFloat(at) * c - x.getFloat(at + half) * s, values[at]);
      assertRounded(x.getFloat(at + half) * c + x.getFloat(at) * s, values[at + half]);
      double d = slope.getFloat(column);
      double e = slope.getFloat(column + half);
      assertRounded(d * c + e * s, call.gradient(0, at));
      assertRounded(e * c - d * s, call.gradient(0, at + half));
    }
  }
}
