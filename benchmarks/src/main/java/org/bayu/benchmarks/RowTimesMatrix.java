package org.bayu.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.KernelProvider;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.parallel.WorkerPool;
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
 * Few rows times a weight, as in generation: it is as fast as memory can be read. Another weight is
 * read in turn, for memory may be twice as fast a minute later.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 1, time = 5) // JMH would add up the shares of several
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class RowTimesMatrix {
  /** More together than any cache holds: 32 MB each in bf16. */
  private static final int MATRICES = 10;

  private static final int SIZE = 4096;

  private static final double WEIGHT_BYTES = 2.0 * SIZE * SIZE;

  /** Bytes that a task reads. */
  private static final long READ_BYTES = 1 << 20;

  /** Rows of x. */
  @Param({"1", "4", "16"})
  public int rows;

  /** Threads that compute. */
  @Param({"1", "2"})
  public int threads;

  private final List<LinearProducts> products = new ArrayList<>();
  private WorkerPool workers;
  private Gemm gemm;
  private int next;
  private Tensor weightToRead;
  private final WorkerPool.Task readTask = this::read;

  /** Makes the operands, and checks a product. */
  @Setup
  public void setUp() throws IOException {
    workers = new WorkerPool(threads);
    gemm = new Gemm(KernelProvider.kernels(), workers);
    for (var i = 0; i < MATRICES; i++) {
      products.add(new LinearProducts(new LinearShape(rows, SIZE, SIZE), DType.BF16));
    }
    var first = products.getFirst();
    first.multiply(gemm, Product.FORWARD);
    first.check(Product.FORWARD, first.result(Product.FORWARD));
  }

  /** Y = X·Wᵀ with the next W; then reads the one that is half a round away. */
  @Benchmark
  public void multiply(ShareOfReading share) {
    var start = System.nanoTime();
    products.get(next).multiply(gemm, Product.FORWARD);
    var multiplied = System.nanoTime();
    read(products.get((next + MATRICES / 2) % MATRICES).weight);
    share.add(multiplied - start, System.nanoTime() - multiplied);
    next = (next + 1) % MATRICES;
  }

  private void read(Tensor weight) {
    weightToRead = weight;
    workers.run((int) (weight.byteSize() / READ_BYTES), readTask);
  }

  private void read(int task, int worker) {
    KernelProvider.kernels().read(weightToRead.data(), READ_BYTES * task, READ_BYTES);
  }

  /** Both rates, and what the first is of the second. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class ShareOfReading {
    private double calls;
    private double multiplying;
    private double reading;

    private void add(long multiplyNanos, long readNanos) {
      calls++;
      multiplying += multiplyNanos;
      reading += readNanos;
    }

    /** Bytes of the weight, 10⁹ a second. */
    public double multiplyGbPerSecond() {
      return calls * WEIGHT_BYTES / multiplying;
    }

    /** Bytes read, 10⁹ a second. */
    public double readGbPerSecond() {
      return calls * WEIGHT_BYTES / reading;
    }

    /** Of reading's rate, percent. */
    public double percent() {
      return 100 * reading / multiplying;
    }
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    workers.close();
    products.forEach(LinearProducts::close);
  }
}
