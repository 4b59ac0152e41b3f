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

/**
 * What cross-entropy does with a row of 32,000 logits: their greatest, the exponentials and their
 * sum, a multiplication. In place.
 */
@State(Scope.Thread)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class SoftmaxBenchmark {
  private static final int COLUMNS = 32_000;

  /** Whose kernels. */
  @Param public KernelChoice kernels;

  /** Rows: 2 stay in the cache of a core, 512 are 64 MB. */
  @Param({"2", "512"})
  public int rows;

  private final Arena arena = Arena.ofShared();
  private Kernels kernel;
  private Tensor logits;

  /** Makes the logits, and checks the first row. */
  @Setup
  public void setUp() {
    kernel = kernels.kernels();
    logits = RandomData.tensor(arena, DType.F32, 1, rows, COLUMNS);
    var expected = Tensor.allocate(arena, DType.F32, Shape.of(COLUMNS));
    expected.copyFrom(logits.slice(0, 1).reshape(COLUMNS));
    softmax(ScalarKernels.INSTANCE, expected, 0);
    softmax();
    // The probabilities are some 1/32,000.
    ScalarKernels.INSTANCE.scale(COLUMNS, expected.data(), 0, COLUMNS);
    ScalarKernels.INSTANCE.scale(COLUMNS, logits.data(), 0, COLUMNS);
    Agreement.check(logits, expected, 1e-4);
  }

  private void softmax() {
    for (var i = 0; i < rows; i++) {
      softmax(kernel, logits, 4L * COLUMNS * i);
    }
  }

  private static void softmax(Kernels kernel, Tensor rows, long at) {
    var max = kernel.max(rows.data(), at, COLUMNS);
    var sum = kernel.expAndSum(max, rows.data(), at, COLUMNS);
    kernel.scale(1 / sum, rows.data(), at, COLUMNS);
  }

  /** Reads and writes each row once, if the cache holds a row. */
  @Benchmark
  public void softmax(Bandwidth rate) {
    softmax();
    rate.add(2 * logits.byteSize());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    arena.close();
  }
}
