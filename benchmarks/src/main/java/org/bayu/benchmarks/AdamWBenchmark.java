package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
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

/** One AdamW update, a kernel call for each 4096 parameters. */
@State(Scope.Thread)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class AdamWBenchmark {
  private static final int COLUMNS = 4096;

  /** Whose kernels. */
  @Param public KernelChoice kernels;

  /** Rows of 4096: 16 stay in the cache of a core, 8192 are 128 MB a tensor. */
  @Param({"16", "8192"})
  public int rows;

  private final Arena arena = Arena.ofShared();
  private Kernels kernel;
  private AdamWScalars scalars;
  private Tensor parameter;
  private Tensor gradient;
  private Tensor m;
  private Tensor v;

  /** Makes the operands, and checks the first row. */
  @Setup
  public void setUp() {
    kernel = kernels.kernels();
    scalars = new AdamWScalars(1, 0.9f, 0.999f, 1e-8f, 1e-6f, 0.1f, 10, 1000);
    parameter = RandomData.tensor(arena, DType.F32, 1, rows, COLUMNS);
    gradient = RandomData.tensor(arena, DType.F32, 2, rows, COLUMNS);
    m = Tensor.allocate(arena, DType.F32, parameter.shape());
    v = Tensor.allocate(arena, DType.F32, parameter.shape());
    var expected = Tensor.allocate(arena, DType.F32, Shape.of(COLUMNS));
    var expectedM = Tensor.allocate(arena, DType.F32, Shape.of(COLUMNS));
    var expectedV = Tensor.allocate(arena, DType.F32, Shape.of(COLUMNS));
    expected.copyFrom(parameter.slice(0, 1).reshape(COLUMNS));
    ScalarKernels.INSTANCE.adamW(
        expected.data(),
        0,
        gradient.data(),
        0,
        expectedM.data(),
        0,
        expectedV.data(),
        0,
        COLUMNS,
        scalars);
    update();
    Agreement.check(parameter, expected, 1e-6);
    Agreement.check(m, expectedM, 1e-6);
    Agreement.check(v, expectedV, 1e-6);
  }

  private void update() {
    for (var i = 0; i < rows; i++) {
      var at = 4L * COLUMNS * i;
      kernel.adamW(
          parameter.data(), at, gradient.data(), at, m.data(), at, v.data(), at, COLUMNS, scalars);
    }
  }

  /** Reads four tensors, writes three. */
  @Benchmark
  public void update(Bandwidth rate) {
    update();
    rate.add(7 * parameter.byteSize());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    arena.close();
  }
}
