package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.Kernels;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Conversion from and to the types of two bytes, a kernel call for each 4096 elements. */
@State(Scope.Thread)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class ConversionBenchmark {
  private static final int COLUMNS = 4096;

  /** Whose kernels. */
  @Param public KernelChoice kernels;

  /** Rows of 4096: 16 stay in the cache of a core, 8192 are 128 MB a tensor. */
  @Param({"16", "8192"})
  public int rows;

  /** The type of two bytes. */
  @Param({"BF16", "F16"})
  public DType dtype;

  private final Arena arena = Arena.ofShared();
  private Kernels kernel;
  private Tensor narrow;
  private Tensor wide;

  /** Makes the operands, and checks all that is not random. */
  @Setup
  public void setUp() {
    kernel = kernels.kernels();
    wide = RandomData.tensor(arena, DType.F32, 1, rows, COLUMNS);
    narrow = Tensor.allocate(arena, dtype, wide.shape());
    var expected = Tensor.allocate(arena, dtype, Shape.of(COLUMNS));
    expected.copyFrom(wide.slice(0, 1).reshape(COLUMNS));
    narrow();
    Agreement.check(narrow, expected, 0);
    widen();
    Agreement.check(wide, expected, 0);
  }

  private void widen() {
    for (var i = 0; i < rows; i++) {
      var element = (long) i * COLUMNS;
      kernel.widen(dtype, narrow.data(), 2 * element, wide.data(), 4 * element, COLUMNS);
    }
  }

  private void narrow() {
    for (var i = 0; i < rows; i++) {
      var element = (long) i * COLUMNS;
      kernel.narrow(dtype, wide.data(), 4 * element, narrow.data(), 2 * element, COLUMNS);
    }
  }

  /** To binary32. */
  @Benchmark
  public void widen(Bandwidth rate) {
    widen();
    rate.add(wide.byteSize() + narrow.byteSize());
  }

  /** From binary32. */
  @Benchmark
  public void narrow(Bandwidth rate) {
    narrow();
    rate.add(wide.byteSize() + narrow.byteSize());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    arena.close();
  }
}
