package org.bayu.benchmarks;

import java.io.IOException;
import java.lang.foreign.Arena;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.jblas.NativeBlas;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What {@link GemmBenchmark} is compared with: the same products on one thread, in f32. */
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class GemmBaselines {
  /** Bayu's products by the scalar kernels, which are no faster for large matrices. */
  @State(Scope.Benchmark)
  public static class Scalar {
    /** Which product. */
    @Param public Product product;

    /** M×N×K. */
    @Param({"256x256x256", "512x288x288"})
    public String shape;

    private WorkerPool workers;
    private Gemm gemm;
    private LinearProducts products;

    /** Makes the operands, and checks the product. */
    @Setup
    public void setUp() throws IOException {
      workers = new WorkerPool(1);
      gemm = new Gemm(ScalarKernels.INSTANCE, workers);
      products = new LinearProducts(LinearShape.parse(shape), DType.F32);
      products.multiply(gemm, product);
      products.check(product, products.result(product));
    }

    /** Frees the memory. */
    @TearDown
    public void tearDown() {
      workers.close();
      products.close();
    }
  }

  /** jblas's, of arrays on the heap: the BLAS inside it is column-major, so it sees transposes. */
  @State(Scope.Benchmark)
  public static class Jblas {
    /** Which product. */
    @Param public Product product;

    /** M×N×K. */
    @Param({"1024x1024x1024", "512x4096x4096", "2048x4096x4096"})
    public String shape;

    private LinearShape size;
    private float[] x;
    private float[] weight;
    private float[] dy;
    private float[] result;

    /** Makes the operands, and checks the product. */
    @Setup
    public void setUp() throws IOException {
      size = LinearShape.parse(shape);
      try (var products = new LinearProducts(size, DType.F32);
          var arena = Arena.ofConfined()) {
        x = products.x.toFloats();
        weight = products.weight.toFloats();
        dy = products.dy.toFloats();
        var shapeOfResult = products.result(product).shape();
        result = new float[Math.toIntExact(shapeOfResult.elements())];
        multiply();
        products.check(product, Tensor.ofFloats(arena, Shape.of(shapeOfResult.dims()), result));
      }
    }

    private void multiply() {
      var m = size.m();
      var n = size.n();
      var k = size.k();
      switch (product) {
        // Yᵀ [N, M] = W · Xᵀ
        case FORWARD -> multiply('T', 'N', n, m, k, weight, k, x, k, n);
        // dXᵀ [K, M] = Wᵀ · dYᵀ
        case INPUT_GRADIENT -> multiply('N', 'N', k, m, n, weight, k, dy, n, k);
        // dWᵀ [K, N] = Xᵀ · dY
        case WEIGHT_GRADIENT -> multiply('N', 'T', k, n, m, x, k, dy, n, k);
      }
    }

    private void multiply(
        char transposeA,
        char transposeB,
        int rows,
        int columns,
        int steps,
        float[] a,
        int strideA,
        float[] b,
        int strideB,
        int stride) {
      NativeBlas.sgemm(
          transposeA,
          transposeB,
          rows,
          columns,
          steps,
          1,
          a,
          0,
          strideA,
          b,
          0,
          strideB,
          0,
          result,
          0,
          stride);
    }
  }

  /** The scalar twin. */
  @Benchmark
  public void scalar(Scalar state, Gflops rate) {
    state.products.multiply(state.gemm, state.product);
    rate.add(state.products.shape.flops());
  }

  /** jblas. */
  @Benchmark
  public float[] jblas(Jblas state, Gflops rate) {
    state.multiply();
    rate.add(state.size.flops());
    return state.result;
  }
}
