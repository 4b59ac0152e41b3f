package org.bayu.tensor.optim;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.internal.CpuDevice;

/**
 * Clipping by global norm: g · max / ‖g‖ where ‖g‖ &gt; max, over all gradients together. Pascanu
 * et al. 2013, "On the difficulty of training recurrent neural networks".
 */
public final class GradientClip {
  /** Elements of one partial sum: a fixed partition, independent of the thread count. */
  private static final int CHUNK = 1 << 16;

  private GradientClip() {}

  /** √Σ g² over all gradients, summed in double in a fixed order. */
  public static double globalNorm(Device device, Gradients gradients) {
    return norm(sumsOfSquares(device, gradients, Shard.WHOLE));
  }

  /** Σ g² over a part of each gradient, in the gradients' order. */
  public static double[] sumsOfSquares(Device device, Gradients gradients, Shard shard) {
    var sums =
        gradients.weights().stream()
            .mapToDouble(weight -> sumOfSquares((CpuDevice) device, gradients.of(weight), shard))
            .toArray();
    device.mark("GradientClip");
    return sums;
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
  private static double sumOfSquares(CpuDevice device, Tensor gradient, Shard shard) {
    var first = shard.from(gradient.elements());
    var elements = shard.size(gradient.elements());
    var parts = Math.toIntExact((elements + CHUNK - 1) / CHUNK);
    var result = new double[1];
    var workers = device.workers();
    workers.withScratch(
        parts * JAVA_DOUBLE.byteSize(),
        partial -> {
          workers.run(
              parts,
              (index, worker) -> {
                var from = (long) index * CHUNK;
                var n = (int) Math.min(CHUNK, elements - from);
                var part = sumOfSquares(device, gradient, first + from, n, worker);
                partial.setAtIndex(JAVA_DOUBLE, index, part);
              });
          // What computes nothing lends no memory either.
          for (var i = 0; i < parts && !workers.isIdle(); i++) {
            result[0] += partial.getAtIndex(JAVA_DOUBLE, i);
          }
        });
    return result[0];
  }

  private static double sumOfSquares(
      CpuDevice device, Tensor gradient, long from, int n, int worker) {
    var kernels = device.kernels();
    var type = gradient.dtype();
    if (type == DType.F32) {
      return kernels.sumOfSquares(gradient.data(), from * 4, n);
    }
    var wide = device.workers().scratch(worker, 4L * n);
    kernels.widen(type, gradient.data(), from * type.bytes(), wide, 0, n);
    return kernels.sumOfSquares(wide, 0, n);
  }

  /**
   * The factor for gradients of this norm.
   *
   * @param max the bound of the norm; 0 for none
   */
  public static double scale(double norm, double max) {
    return max > 0 && norm > max ? max / norm : 1;
  }

  /**
   * Whether a gradient is finite: it has no NaN and no infinity, and its sum of squares does not
   * overflow.
   */
  public static boolean isFinite(Device device, Tensor gradient) {
    return Double.isFinite(sumOfSquares((CpuDevice) device, gradient, Shard.WHOLE));
  }
}
