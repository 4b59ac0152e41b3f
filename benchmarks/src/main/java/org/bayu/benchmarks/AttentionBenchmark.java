package org.bayu.benchmarks;

import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.Devices;
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
 * Causal attention, forward and backward, of 32 heads. {@code benchmarks/compare-attention}
 * measures it beside PyTorch's.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class AttentionBenchmark {
  /** Length of the sequence. */
  @Param({"512", "2048"})
  public int tokens;

  /** Features of a head. */
  @Param({"64", "128"})
  public int headDim;

  /** Type of queries, keys, values and results. */
  @Param({"F32", "BF16"})
  public DType dtype;

  /** Threads that compute. */
  @Param({"1", "2"})
  public int threads;

  private Device device;
  private AttentionStep step;

  /** Makes the operands, and checks a step. */
  @Setup
  public void setUp() {
    device = Devices.cpu(threads);
    step = new AttentionStep(device, dtype, tokens, 32, headDim);
    step.check();
  }

  /** Both passes. */
  @Benchmark
  public void forwardAndBackward(Gflops rate) {
    step.run();
    rate.add(step.flops());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    step.close();
    device.close();
  }
}
