package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** SwiGLU, forward and backward, a kernel call for each 4096 elements. */
@State(Scope.Thread)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class SwiGluBenchmark {
  private static final int COLUMNS = 4096;

  /** Whose kernels. */
  @Param public KernelChoice kernels;

  /** Rows of 4096: 16 stay in the cache of a core, 8192 are 128 MB a tensor. */
  @Param({"16", "8192"})
  public int rows;

  private final Arena arena = Arena.ofShared();
  private Kernels kernel;
  private Tensor gate;
  private Tensor up;
  private Tensor y;
  private Tensor dy;
  private Tensor dGate;
  private Tensor dUp;

  /** Makes the operands, and checks the first row. */
  @Setup
  public void setUp() {
    kernel = kernels.kernels();
    gate = RandomData.tensor(arena, DType.F32, 1, rows, COLUMNS);
    up = RandomData.tensor(arena, DType.F32, 2, rows, COLUMNS);
    dy = RandomData.tensor(arena, DType.F32, 3, rows, COLUMNS);
    y = Tensor.allocate(arena, DType.F32, gate.shape());
    dGate = Tensor.allocate(arena, DType.F32, gate.shape());
    dUp = Tensor.allocate(arena, DType.F32, gate.shape());
    var expected = Tensor.allocate(arena, DType.F32, Shape.of(COLUMNS));
    var expectedUp = Tensor.allocate(arena, DType.F32, Shape.of(COLUMNS));
    var scalar = ScalarKernels.INSTANCE;
    scalar.swiGlu(gate.data(), 0, up.data(), 0, expected.data(), 0, COLUMNS);
    forward();
    Agreement.check(y, expected, 1e-5);
    scalar.swiGluBackward(
        gate.data(),
        0,
        up.data(),
        0,
        dy.data(),
        0,
        expected.data(),
        0,
        expectedUp.data(),
        0,
        COLUMNS);
    backward();
    Agreement.check(dGate, expected, 1e-5);
    Agreement.check(dUp, expectedUp, 1e-5);
  }

  private void forward() {
    for (var i = 0; i < rows; i++) {
      var at = 4L * COLUMNS * i;
      kernel.swiGlu(gate.data(), at, up.data(), at, y.data(), at, COLUMNS);
    }
  }

  private void backward() {
    for (var i = 0; i < rows; i++) {
      var at = 4L * COLUMNS * i;
      kernel.swiGluBackward(
          gate.data(), at, up.data(), at, dy.data(), at, dGate.data(), at, dUp.data(), at, COLUMNS);
    }
  }

  /** Reads gate and up, writes y. */
  @Benchmark
  public void forward(Bandwidth rate) {
    forward();
    rate.add(3 * y.byteSize());
  }

  /** Reads gate, up and dy, writes the gradients of gate and up. */
  @Benchmark
  public void backward(Bandwidth rate) {
    backward();
    rate.add(5 * y.byteSize());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    arena.close();
  }
}
