package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import org.bayu.tensor.DType;
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

/** RMSNorm of rows of 4096, forward and backward, a kernel call for each row. */
@State(Scope.Thread)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class RmsNormBenchmark {
  private static final int COLUMNS = 4096;
  private static final float EPSILON = 1e-5f;

  /** Whose kernels. */
  @Param public KernelChoice kernels;

  /** Rows of 4096: 16 stay in the cache of a core, 8192 are 128 MB a tensor. */
  @Param({"16", "8192"})
  public int rows;

  private final Arena arena = Arena.ofShared();
  private Kernels kernel;
  private Tensor x;
  private Tensor weight;
  private Tensor y;
  private Tensor dy;
  private Tensor dx;
  private float inverseRms;

  /** Makes the operands, and checks the first row. */
  @Setup
  public void setUp() {
    kernel = kernels.kernels();
    x = RandomData.tensor(arena, DType.F32, 1, rows, COLUMNS);
    weight = RandomData.tensor(arena, DType.F32, 2, COLUMNS);
    dy = RandomData.tensor(arena, DType.F32, 3, rows, COLUMNS);
    y = Tensor.allocate(arena, DType.F32, x.shape());
    dx = Tensor.allocate(arena, DType.F32, x.shape());
    var expected = Tensor.allocate(arena, DType.F32, weight.shape());
    inverseRms =
        ScalarKernels.INSTANCE.rmsNorm(
            x.data(), 0, weight.data(), 0, expected.data(), 0, COLUMNS, EPSILON);
    forward();
    Agreement.check(y, expected, 1e-5);
    ScalarKernels.INSTANCE.rmsNormBackward(
        x.data(), 0, weight.data(), 0, dy.data(), 0, expected.data(), 0, COLUMNS, inverseRms);
    backward();
    Agreement.check(dx, expected, 1e-5);
  }

  private void forward() {
    for (var i = 0; i < rows; i++) {
      var at = 4L * COLUMNS * i;
      kernel.rmsNorm(x.data(), at, weight.data(), 0, y.data(), at, COLUMNS, EPSILON);
    }
  }

  private void backward() {
    for (var i = 0; i < rows; i++) {
      var at = 4L * COLUMNS * i;
      kernel.rmsNormBackward(
          x.data(), at, weight.data(), 0, dy.data(), at, dx.data(), at, COLUMNS, inverseRms);
    }
  }

  /** Reads x, writes y. */
  @Benchmark
  public void forward(Bandwidth rate) {
    forward();
    rate.add(2 * x.byteSize());
  }

  /** Reads x and dy, writes dx. */
  @Benchmark
  public void backward(Bandwidth rate) {
    backward();
    rate.add(3 * x.byteSize());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    arena.close();
  }
}
