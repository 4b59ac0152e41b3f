package org.bayu.benchmarks;

import java.io.IOException;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.KernelProvider;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
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
 * The matrix products of a linear layer in training, the weight mapped and packed on every call.
 * {@link GemmBaselines} is what they are compared with.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class GemmBenchmark {
  /** Which product. */
  @Param public Product product;

  /** Type of the operands. */
  @Param({"F32", "BF16"})
  public DType dtype;

  /**
   * M×N×K: a cube, the layers of Llama 2 7B and TinyLlama 1.1B, and those of a small model of width
   * 288.
   */
  @Param({
    "1024x1024x1024",
    "512x4096x4096",
    "512x11008x4096",
    "512x4096x11008",
    "512x5632x2048",
    "2048x4096x4096",
    "2048x11008x4096",
    "2048x4096x11008",
    "2048x5632x2048",
    "512x288x288",
    "512x768x288"
  })
  public String shape;

  /** Threads that compute. */
  @Param({"1", "2"})
  public int threads;

  private WorkerPool workers;
  private Gemm gemm;
  private LinearProducts products;

  /** Makes the operands, and checks the product. */
  @Setup
  public void setUp() throws IOException {
    workers = new WorkerPool(threads);
    gemm = new Gemm(KernelProvider.kernels(), workers);
    products = new LinearProducts(LinearShape.parse(shape), dtype);
    products.multiply(gemm, product);
    products.check(product, products.result(product));
  }

  /** Bayu's product by the kernels in use. */
  @Benchmark
  public void bayu(Gflops rate) {
    products.multiply(gemm, product);
    rate.add(products.shape.flops());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    workers.close();
    products.close();
  }
}
