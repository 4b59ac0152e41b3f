package org.bayu.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Gemm;
import org.bayu.tensor.internal.kernels.KernelProvider;
import org.bayu.tensor.internal.parallel.WorkerPool;
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
 * Few rows times a weight, as in generation: it is as fast as memory can be read. {@link
 * StreamBandwidth} says how fast that is.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class RowTimesMatrix {
  /** More together than any cache holds: 32 MB each in bf16. */
  private static final int MATRICES = 10;

  private static final int SIZE = 4096;

  /** Rows of x. */
  @Param({"1", "4", "16"})
  public int rows;

  /** Type of operands and result. */
  @Param({"BF16"})
  public DType dtype;

  /** Threads that compute. */
  @Param({"1", "2"})
  public int threads;

  private final List<LinearProducts> products = new ArrayList<>();
  private WorkerPool workers;
  private Gemm gemm;
  private int next;

  /** Makes the operands, and checks a product. */
  @Setup
  public void setUp() throws IOException {
    workers = new WorkerPool(threads);
    gemm = new Gemm(KernelProvider.kernels(), workers);
    for (var i = 0; i < MATRICES; i++) {
      products.add(new LinearProducts(new LinearShape(rows, SIZE, SIZE), dtype));
    }
    var first = products.getFirst();
    first.multiply(gemm, Product.FORWARD);
    first.check(Product.FORWARD, first.result(Product.FORWARD));
  }

  /** Y = X·Wᵀ with the next W. */
  @Benchmark
  public void multiply(Bandwidth rate) {
    var product = products.get(next);
    next = (next + 1) % MATRICES;
    product.multiply(gemm, Product.FORWARD);
    rate.add(product.weight.byteSize());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    workers.close();
    products.forEach(LinearProducts::close);
  }
}
