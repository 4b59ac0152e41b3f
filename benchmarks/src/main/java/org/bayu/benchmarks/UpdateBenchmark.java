package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.AdamW.Moments;
import org.openjdk.jmh.annotations.AuxCounters;
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
 * The update of all weights of a step, in each form that AdamW's moments and the weights can have:
 * 64 million weights, from memory.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class UpdateBenchmark {
  private static final int ROWS = 16 << 10, COLUMNS = 4 << 10;

  /** {@code optimizer.state}. */
  @Param({"F32", "EIGHT_BIT"})
  public Moments state;

  /** {@code optimizer.weights}; gradients have the same type. */
  @Param({"F32", "BF16"})
  public DType weights;

  /** Threads that compute. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private Device device;
  private Gradients gradients;
  private AdamW optimizer;

  /** Makes weights and gradients. */
  @Setup
  public void setUp() {
    device = Devices.cpu(threads);
    var parameter =
        new Parameter("w", Tensor.allocate(arena, DType.BF16, Shape.of(ROWS, COLUMNS)), true);
    parameter.train(arena, weights);
    gradients = new Gradients(List.of(parameter.value()));
    RandomData.fill(parameter.value(), 1);
    RandomData.fill(gradients.of(parameter.value()), 2);
    var settings = new AdamW.Settings(0.9, 0.999, 1e-8, 0.1, state);
    optimizer = new AdamW(device, List.of(parameter), settings, 3);
  }

  /** One update. */
  @Benchmark
  public void update(Weights rate) {
    optimizer.step(gradients, 1e-6, 0.5);
    rate.billionWeights += 1e-9 * ROWS * COLUMNS;
  }

  /** Weights updated. */
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  @State(Scope.Thread)
  public static class Weights {
    /** 10⁹ weights; JMH divides them by the seconds. */
    public double billionWeights;
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    optimizer.close();
    gradients.close();
    device.close();
    arena.close();
  }
}
