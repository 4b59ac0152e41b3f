package org.bayu.benchmarks;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The most fused multiply-adds that the processor does in a second, from registers alone: what a
 * matrix product is measured by.
 *
 * <p>Only f32: the Vector API has no dot product of bf16.
 */
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class FmaPeak {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** Enough to hide a latency of 4 or 5 cycles on two units, few enough for 16 registers. */
  private static final int ACCUMULATORS = 12;

  private static final int STEPS = 10_000;

  /** One thread. */
  @Benchmark
  @Threads(1)
  public float f32OneThread(Gflops rate) {
    return f32(rate);
  }

  /** As many threads as processors. */
  @Benchmark
  @Threads(Threads.MAX)
  public float f32AllThreads(Gflops rate) {
    return f32(rate);
  }

  private static float f32(Gflops rate) {
    rate.add(2.0 * ACCUMULATORS * STEPS * SPECIES.length());
    return multiplyAdd(1.0f, 0.5f);
  }

  private static float multiplyAdd(float x, float y) {
    var a = FloatVector.broadcast(SPECIES, x);
    var b = FloatVector.broadcast(SPECIES, y);
    var c0 = FloatVector.broadcast(SPECIES, 0);
    var c1 = FloatVector.broadcast(SPECIES, 1);
    var c2 = FloatVector.broadcast(SPECIES, 2);
    var c3 = FloatVector.broadcast(SPECIES, 3);
    var c4 = FloatVector.broadcast(SPECIES, 4);
    var c5 = FloatVector.broadcast(SPECIES, 5);
    var c6 = FloatVector.broadcast(SPECIES, 6);
    var c7 = FloatVector.broadcast(SPECIES, 7);
    var c8 = FloatVector.broadcast(SPECIES, 8);
    var c9 = FloatVector.broadcast(SPECIES, 9);
    var c10 = FloatVector.broadcast(SPECIES, 10);
    var c11 = FloatVector.broadcast(SPECIES, 11);
    for (var i = 0; i < STEPS; i++) {
      c0 = a.fma(b, c0);
      c1 = a.fma(b, c1);
      c2 = a.fma(b, c2);
      c3 = a.fma(b, c3);
      c4 = a.fma(b, c4);
      c5 = a.fma(b, c5);
      c6 = a.fma(b, c6);
      c7 = a.fma(b, c7);
      c8 = a.fma(b, c8);
      c9 = a.fma(b, c9);
      c10 = a.fma(b, c10);
      c11 = a.fma(b, c11);
    }
    var sum0 = c0.add(c1).add(c2).add(c3);
    var sum1 = c4.add(c5).add(c6).add(c7);
    var sum2 = c8.add(c9).add(c10).add(c11);
    return sum0.add(sum1).add(sum2).lane(0);
  }
}
