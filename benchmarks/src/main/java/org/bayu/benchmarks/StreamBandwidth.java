package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.bayu.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The rate at which memory is read, from more of it than any cache holds: what kernels that stream
 * are measured by.
 */
@State(Scope.Thread)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class StreamBandwidth {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final long BYTES = 512L << 20;

  private final Arena arena = Arena.ofShared();
  private MemorySegment memory;

  /** Makes the memory of each thread. */
  @Setup
  public void setUp() {
    memory = arena.allocate(BYTES, Tensor.ALIGNMENT).fill((byte) 1);
  }

  /** One thread. */
  @Benchmark
  @Threads(1)
  public float readOneThread(Bandwidth rate) {
    rate.add(BYTES);
    return sum(memory);
  }

  /** As many threads as processors. */
  @Benchmark
  @Threads(Threads.MAX)
  public float readAllThreads(Bandwidth rate) {
    rate.add(BYTES);
    return sum(memory);
  }

  private static float sum(MemorySegment memory) {
    var step = SPECIES.vectorByteSize();
    var sum0 = FloatVector.zero(SPECIES);
    var sum1 = FloatVector.zero(SPECIES);
    var sum2 = FloatVector.zero(SPECIES);
    var sum3 = FloatVector.zero(SPECIES);
    for (var at = 0L; at < BYTES; at += 4L * step) {
      sum0 = sum0.add(load(memory, at));
      sum1 = sum1.add(load(memory, at + step));
      sum2 = sum2.add(load(memory, at + 2L * step));
      sum3 = sum3.add(load(memory, at + 3L * step));
    }
    return sum0.add(sum1).add(sum2.add(sum3)).lane(0);
  }

  private static FloatVector load(MemorySegment memory, long at) {
    return FloatVector.fromMemorySegment(SPECIES, memory, at, ByteOrder.nativeOrder());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    arena.close();
  }
}
