package org.bayu.tensor.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.function.IntToDoubleFunction;
import java.util.function.LongSupplier;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.KernelProvider;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;

/** Measures a device in some seconds. */
final class DeviceMeasurement {
  private static final int ROUNDS = 3;

  /** A round lasts at least this long: some of the operating system's time slices. */
  private static final long ROUND_NANOS = 80_000_000;

  private static final long PEAK_NANOS = 240_000_000;

  /** Once more, while a run goes on. */
  private static final long SPELL_NANOS = 6_000_000;

  /** Time before the rounds that count, at least and at most: while Java code is being compiled. */
  private static final long MIN_WARM_UP_NANOS = 800_000_000;

  private static final long MAX_WARM_UP_NANOS = 8_000_000_000L;

  /** Time in which no round is faster than one before: then all is compiled. */
  private static final long STEADY_NANOS = 480_000_000;

  /**
   * Steps of a thread's task, 0.1 to 2 milliseconds: the short ones end before other programs come
   * in between, and in the long ones it does not count when the last of many threads wakes up.
   */
  private static final int[] PEAK_STEPS = {50_000, 200_000, 800_000};

  /** Bytes of memory that is read for the bandwidth: far more than caches hold. */
  private static final long BANDWIDTH_BYTES = 512L << 20;

  /** Bytes that a task reads. */
  private static final long READ_BYTES = 1 << 20;

  private static final int CHUNK = 1 << 16;
  private static final int ATTENTION_TOKENS = 512;
  private static final int HEADS = 32;
  private static final int HEAD_DIM = 64;

  private final CpuDevice device;
  private final boolean isScalar;

  /** A measurement of this device, which nobody else uses meanwhile. */
  DeviceMeasurement(CpuDevice device) {
    this.device = device;
    isScalar = device.tier().equals("scalar");
  }

  /** Measures everything. */
  DeviceReport run() {
    var processor = KernelProvider.processor();
    var peakF32 = peak(DType.F32);
    var peakBf16 = peak(DType.BF16);
    var gemmF32 = gemm(DType.F32);
    var gemmBf16 = gemm(DType.BF16);
    var warnings = new ArrayList<String>();
    SlownessCauses.warn(device, peakF32, gemmF32, "f32", warnings);
    SlownessCauses.warn(device, peakBf16, gemmBf16, "bf16", warnings);
    return new DeviceReport(
        device.tier(),
        KernelProvider.reason(),
        device.kernels().microKernel(),
        processor.name(),
        processor.features(),
        device.threads(),
        peakF32,
        peakBf16,
        gemmF32,
        gemmBf16,
        bandwidth(),
        attention(),
        adamW(),
        List.copyOf(warnings));
  }

  /** The median rate, 10⁹ a second, of work that returns how much it did. */
  private static double rate(DoubleSupplier work) {
    warmUp(work);
    var rates = new double[ROUNDS];
    Arrays.setAll(rates, round -> round(work, ROUND_NANOS));
    Arrays.sort(rates);
    return rates[ROUNDS / 2];
  }

  private static void warmUp(DoubleSupplier work) {
    var start = System.nanoTime();
    var best = 0.0;
    var bestAt = 0L;
    for (var nanos = 0L;
        nanos < MIN_WARM_UP_NANOS || (nanos < MAX_WARM_UP_NANOS && nanos - bestAt < STEADY_NANOS);
        nanos = System.nanoTime() - start) {
      var rate = round(work, ROUND_NANOS);
      if (rate > 1.02 * best) {
        bestAt = System.nanoTime() - start;
      }
      best = Math.max(best, rate);
    }
  }

  /** The rate of work that is repeated for at least so long. */
  private static double round(DoubleSupplier work, long leastNanos) {
    var start = System.nanoTime();
    var done = 0.0;
    var nanos = 0L;
    while (nanos < leastNanos) {
      done += work.getAsDouble();
      nanos = System.nanoTime() - start;
    }
    return done / nanos;
  }

  /** The most that multiply-adds from registers alone reach, 10⁹ operations a second. */
  double peak(DType operands) {
    var work = peakWork(operands);
    // Machine code is as fast the first time, and plain loops are compiled in a moment.
    if (device.tier().equals("vector")) {
      warmUp(() -> work.applyAsDouble(PEAK_STEPS[1]));
    }
    return peak(work, PEAK_NANOS, System::nanoTime);
  }

  /** The same once more, in a few milliseconds. */
  double peakAgain(DType operands) {
    return peak(peakWork(operands), SPELL_NANOS, System::nanoTime);
  }

  private IntToDoubleFunction peakWork(DType operands) {
    var threads = device.threads();
    var kernels = device.kernels();
    var flops = new double[threads];
    return steps -> {
      device
          .workers()
          .run(threads, (task, worker) -> flops[task] = kernels.multiplyAddPeak(operands, steps));
      return Arrays.stream(flops).sum();
    };
  }

  /**
   * The best rate of work of different lengths, each repeated for a while: other programs only slow
   * it down, and some of it they let be.
   *
   * @param work does so many steps, and returns how much that was
   * @param nanos to spend, about
   * @param clock in nanoseconds
   */
  static double peak(IntToDoubleFunction work, long nanos, LongSupplier clock) {
    var best = 0.0;
    for (var steps : PEAK_STEPS) {
      var now = clock.getAsLong();
      var end = now + nanos / PEAK_STEPS.length;
      while (now < end) {
        var done = work.applyAsDouble(steps);
        if (done == 0) {
          return 0; // it cannot be measured
        }
        var before = now;
        now = clock.getAsLong();
        best = Math.max(best, done / (now - before));
      }
    }
    return best;
  }

  private double gemm(DType type) {
    // Plain loops would take minutes for the usual size.
    var m = isScalar ? 64 : 2048;
    var n = isScalar ? 256 : 4096;
    try (var arena = Arena.ofShared()) {
      var x = numbers(arena, type, m, n);
      var w = numbers(arena, type, n, n);
      var y = Tensor.allocate(arena, type, Shape.of(m, n));
      var term = new Term(Matrix.of(x), Matrix.of(w).transposed(), n);
      return rate(
          () -> {
            device.gemm().multiply(m, n, type, 1, false, Matrix.of(y), term);
            return 2.0 * m * n * n;
          });
    }
  }

  /** A matrix of numbers from −1 to 1 in no order, which is repeated after a while. */
  private static Tensor numbers(Arena arena, DType type, long rows, long columns) {
    var tensor = Tensor.allocate(arena, type, Shape.of(rows, columns));
    var random = new SplittableRandom(rows);
    var different = Math.min(tensor.elements(), CHUNK);
    for (var i = 0L; i < different; i++) {
      tensor.setFloat(i, random.nextFloat() * 2 - 1);
    }
    var data = tensor.data();
    for (var done = tensor.byteSize() / tensor.elements() * different; done < data.byteSize(); ) {
      var length = Math.min(done, data.byteSize() - done);
      MemorySegment.copy(data, 0, data, done, length);
      done += length;
    }
    return tensor;
  }

  private double bandwidth() {
    var kernels = device.kernels();
    try (var arena = Arena.ofShared()) {
      var memory = arena.allocate(BANDWIDTH_BYTES, Tensor.ALIGNMENT).fill((byte) 0);
      return rate(
          () -> {
            device
                .workers()
                .run(
                    (int) (BANDWIDTH_BYTES / READ_BYTES),
                    (task, worker) -> kernels.read(memory, READ_BYTES * task, READ_BYTES));
            return BANDWIDTH_BYTES;
          });
    }
  }

  private double attention() {
    try (var arena = Arena.ofShared();
        var workspace = new Workspace()) {
      var tokens = isScalar ? 32 : ATTENTION_TOKENS;
      var ones = Tensor.allocate(arena, DType.BF16, Shape.of(1, tokens));
      for (var i = 0; i < tokens; i++) {
        ones.setFloat(i, 1);
      }
      var step =
          new AttentionStep(
              device,
              workspace,
              numbers(arena, DType.BF16, tokens, HEADS * HEAD_DIM),
              ones,
              AttentionSegments.causal(tokens),
              HEAD_DIM);
      return rate(
          () -> {
            step.run();
            // Two products forward and five backward, of half the pairs of tokens.
            return 7.0 * 2 * HEAD_DIM * HEADS * tokens * tokens / 2;
          });
    }
  }

  private double adamW() {
    var kernels = device.kernels();
    var elements = isScalar ? 1 << 20 : 16 << 20;
    var scalars = new AdamWScalars(1, 0.9f, 0.95f, 1e-8f, 1e-4f, 0.1f, 1, 1);
    try (var arena = Arena.ofShared()) {
      var p = numbers(arena, DType.F32, 1, elements).data();
      var g = numbers(arena, DType.F32, 1, elements).data();
      var m = numbers(arena, DType.F32, 1, elements).data().fill((byte) 0);
      var v = numbers(arena, DType.F32, 1, elements).data().fill((byte) 0);
      return rate(
          () -> {
            device
                .workers()
                .run(
                    elements / CHUNK,
                    (task, worker) -> {
                      var at = 4L * CHUNK * task;
                      kernels.adamW(p, at, g, at, m, at, v, at, CHUNK, scalars);
                    });
            // Parameter and moments are read and written, the gradient is read.
            return 7.0 * 4 * elements;
          });
    }
  }
}
