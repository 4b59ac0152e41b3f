package org.bayu.benchmarks;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.KernelProvider;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bytedeco.pytorch.global.torch;

/**
 * Bayu's linear layer beside PyTorch's: all three products, in turns in one process, so that what
 * else the machine does befalls both.
 *
 * <p>Arguments, all optional, lists with commas: {@code shape=512x4096x4096 product=FORWARD
 * threads=1,2 dtype=BF16 rounds=7 millis=300}. Prints for each case the median rates in GFLOP/s,
 * and the median, lowest and highest ratio of a round.
 */
public final class CompareLinear {
  /** What Java takes to compile the kernels, and some. */
  private static final long WARM_UP_NANOS = 10_000_000_000L;

  private static final Set<String> KEYS =
      Set.of("shape", "product", "threads", "dtype", "rounds", "millis");

  private final Map<String, String> arguments;
  private final int rounds;
  private final long nanos;

  private CompareLinear(Map<String, String> arguments) {
    this.arguments = arguments;
    rounds = Integer.parseInt(arguments.getOrDefault("rounds", "7"));
    nanos = 1_000_000 * Long.parseLong(arguments.getOrDefault("millis", "300"));
  }

  /** Runs the comparison. */
  public static void main(String[] args) throws IOException {
    var arguments =
        Arrays.stream(args)
            .map(arg -> arg.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[pair.length - 1]));
    if (!KEYS.containsAll(arguments.keySet())) {
      throw new IllegalArgumentException(arguments.keySet() + " should be among " + KEYS);
    }
    new CompareLinear(arguments).run();
  }

  private <T> List<T> list(String key, List<T> all, Function<String, T> parse) {
    var text = arguments.get(key);
    return text == null ? all : Arrays.stream(text.split(",")).map(parse).toList();
  }

  private void run() throws IOException {
    System.out.printf(
        Locale.ROOT,
        "Bayu: %s kernels, %s. PyTorch: %s. %d rounds.%n%n",
        KernelProvider.kernels().tier(),
        KernelProvider.reason(),
        torch.class.getPackage().getImplementationVersion(),
        rounds);
    System.out.println(
        "| type | M×N×K | product | threads | Bayu | PyTorch | ratio | lowest–highest |");
    System.out.println("|---|---|---|---:|---:|---:|---:|---|");
    var warm = false;
    for (var dtype : list("dtype", List.of(DType.BF16), DType::valueOf)) {
      for (var shape : list("shape", LinearShape.OF_LLAMA, LinearShape::parse)) {
        try (var bayu = new LinearProducts(shape, dtype);
            var torch = new TorchProducts(bayu)) {
          if (!warm) {
            warmUp(bayu);
            warm = true;
          }
          for (var threads : list("threads", List.of(1, 2), Integer::valueOf)) {
            for (var product : list("product", List.of(Product.values()), Product::valueOf)) {
              compare(bayu, torch, product, threads);
            }
          }
        }
      }
    }
  }

  private static void warmUp(LinearProducts products) {
    try (var workers = new WorkerPool(Runtime.getRuntime().availableProcessors())) {
      var gemm = new Gemm(KernelProvider.kernels(), workers);
      var start = System.nanoTime();
      while (System.nanoTime() - start < WARM_UP_NANOS) {
        for (var product : Product.values()) {
          products.multiply(gemm, product);
        }
      }
    }
  }

  private void compare(LinearProducts bayu, TorchProducts pytorch, Product product, int threads) {
    torch.set_num_threads(threads);
    try (var workers = new WorkerPool(threads)) {
      var gemm = new Gemm(KernelProvider.kernels(), workers);
      Runnable ours = () -> bayu.multiply(gemm, product);
      Runnable theirs = () -> pytorch.multiply(product);
      // A round that does not count.
      seconds(ours);
      bayu.check(product, bayu.result(product));
      seconds(theirs);
      pytorch.check(product);
      var rates = new double[2][rounds];
      var ratios = new double[rounds];
      for (var i = 0; i < rounds; i++) {
        rates[0][i] = bayu.shape.flops() / seconds(ours) * 1e-9;
        rates[1][i] = bayu.shape.flops() / seconds(theirs) * 1e-9;
        ratios[i] = rates[0][i] / rates[1][i];
      }
      Arrays.sort(ratios);
      System.out.printf(
          Locale.ROOT,
          "| %s | %s | %s | %d | %.0f | %.0f | %.3f | %.3f–%.3f |%n",
          bayu.dtype,
          bayu.shape,
          product,
          threads,
          median(rates[0]),
          median(rates[1]),
          median(ratios),
          ratios[0],
          ratios[rounds - 1]);
    }
  }

  /** Seconds of a call, the mean of as many as fill the time. */
  private double seconds(Runnable call) {
    // The other side's threads spin for some milliseconds before they sleep.
    LockSupport.parkNanos(20_000_000);
    var start = System.nanoTime();
    var calls = 0;
    var elapsed = 0L;
    while (elapsed < nanos) {
      call.run();
      calls++;
      elapsed = System.nanoTime() - start;
    }
    return elapsed * 1e-9 / calls;
  }

  private static double median(double[] values) {
    var sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
