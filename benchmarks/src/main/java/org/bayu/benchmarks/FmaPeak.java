package org.bayu.benchmarks;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.KernelProvider;
import org.bayu.tensor.internal.kernels.Kernels;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The most multiply-adds that the processor does in a second with the tier's instructions, from
 * registers alone: what a matrix product is measured by. Only machine code has one for bf16.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class FmaPeak {
  private static final int STEPS = 10_000;

  /** Type of the products' operands. */
  @Param({"F32", "BF16"})
  public DType dtype = DType.F32;

  private final Kernels kernels = KernelProvider.kernels();

  /** One thread. */
  @Benchmark
  @Threads(1)
  public double oneThread(Gflops rate) {
    return run(rate);
  }

  /** As many threads as processors. */
  @Benchmark
  @Threads(Threads.MAX)
  public double allThreads(Gflops rate) {
    return run(rate);
  }

  private double run(Gflops rate) {
    var flops = kernels.multiplyAddPeak(dtype, STEPS);
    rate.add(flops);
    return flops;
  }
}
