package org.bayu.tensor.optim;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.DynamicCode;

/**
 * Clipping by global norm: g · max / ‖g‖ where ‖g‖ &gt; max, over all gradients together. Pascanu
 * et al. 2013, "On the difficulty of training recurrent neural networks".
 */
public final class GradientClip {
  /** Elements of a task. */
  private static final int CHUNK = 1 << 16;

  private GradientClip() {}

  /** √Σ g² over all gradients. */
  public static double globalNorm(Device device, Gradients gradients) {
    try (var arena = Arena.ofConfined()) {
      var sums = arena.allocate(ExactSum.BYTES * gradients.weights().size(), Long.BYTES);
      sumsOfSquares(device, gradients, Shard.WHOLE, sums);
      var values = new double[gradients.weights().size()];
      Arrays.setAll(values, i -> ExactSum.value(sums.asSlice(i * ExactSum.BYTES)));
      return norm(values);
    }
  }

  /**
   * Σ g² over a part of each gradient, in the gradients' order. Squares are added in double within
   * blocks of 256 elements, of which a part has whole ones, and blocks exactly. So what all parts
   * have together does not depend on how many there are.
   *
   * @param sums takes an {@link ExactSum} for each
   */
  public static void sumsOfSquares(
      Device device, Gradients gradients, Shard shard, MemorySegment sums) {
    var at = 0L;
    for (var weight : gradients.weights()) {
      var sum = sums.asSlice(at, ExactSum.BYTES);
      sumOfSquares((CpuDevice) device, gradients.of(weight), shard, sum);
      at += ExactSum.BYTES;
    }
    device.mark("GradientClip");
  }

  /** √Σ g², given the sums of all gradients, which are added in their order. */
  public static double norm(double[] sumsOfSquares) {
    var sum = 0.0;
    for (var each : sumsOfSquares) {
      sum += each;
    }
    return Math.sqrt(sum);
  }

  /** Σ g² of a part of one gradient. */
  private static void sumOfSquares(
      CpuDevice device, Tensor gradient, Shard shard, MemorySegment sum) {
    var first = shard.from(gradient.elements());
    var elements = shard.size(gradient.elements());
    var tasks = tasks(elements);
    var workers = device.workers();
    sum.fill((byte) 0);
    workers.withScratch(
        tasks * ExactSum.BYTES,
        partial -> {
          workers.run(
              tasks,
              (index, worker) -> {
                var from = (long) index * CHUNK;
                var n = (int) Math.min(CHUNK, elements - from);
                var of = partial.asSlice(index * ExactSum.BYTES, ExactSum.BYTES);
                sumOfSquares(device, gradient, first + from, n, worker, of);
              });
          // What computes nothing lends no memory either.
          for (var i = 0; i < tasks && !workers.isIdle(); i++) {
            ExactSum.add(sum, partial.asSlice(i * ExactSum.BYTES, ExactSum.BYTES));
          }
        });
  }

  private static void sumOfSquares(
      CpuDevice device, Tensor gradient, long from, int n, int worker, MemorySegment sum) {
    var wide = wide(device, gradient, from, n, worker);
    sum.fill((byte) 0);
    for (var at = 0; at < n; at += DynamicCode.BLOCK) {
      var block = Math.min(DynamicCode.BLOCK, n - at);
      ExactSum.add(sum, device.kernels().sumOfSquares(wide, 4L * at, block));
    }
  }

  /**
   * The factor for gradients of this norm.
   *
   * @param max the bound of the norm; 0 for none
   */
  public static double scale(double norm, double max) {
    return max > 0 && norm > max ? max / norm : 1;
  }

  /** Whether all numbers are finite: no NaN and no infinity. */
  public static boolean isFinite(Device device, Tensor numbers) {
    var cpu = (CpuDevice) device;
    var isFinite = new AtomicBoolean(true);
    cpu.workers()
        .run(
            tasks(numbers.elements()),
            (index, worker) -> {
              var from = (long) index * CHUNK;
              var n = (int) Math.min(CHUNK, numbers.elements() - from);
              var wide = wide(cpu, numbers, from, n, worker);
              // Squares of F32 do not overflow in double.
              if (!Double.isFinite(cpu.kernels().sumOfSquares(wide, 0, n))) {
                isFinite.set(false);
              }
            });
    return isFinite.get();
  }

  private static int tasks(long elements) {
    return Math.toIntExact((elements + CHUNK - 1) / CHUNK);
  }

  /** Elements as F32: themselves, or widened in scratch memory. */
  private static MemorySegment wide(
      CpuDevice device, Tensor numbers, long from, int n, int worker) {
    var type = numbers.dtype();
    if (type == DType.F32) {
      return numbers.data().asSlice(4 * from, 4L * n);
    }
    var wide = device.workers().scratch(worker, 4L * n);
    device.kernels().widen(type, numbers.data(), from * type.bytes(), wide, 0, n);
    return wide;
  }
}
