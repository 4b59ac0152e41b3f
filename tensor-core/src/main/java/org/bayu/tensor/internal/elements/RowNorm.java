package org.bayu.tensor.internal.elements;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.Zeros;
import org.jspecify.annotations.Nullable;

/**
 * y = x / √(mean(x²) + ε) · weight, row by row, and its gradients: x and y [T, D] of any floating
 * types, weight [D] in F32. Where one side is BF16 and the other, x's, F32, loops over bf16 read
 * and write it where it lies, if there are any.
 */
public final class RowNorm {
  /** Rows whose weight gradients are summed before the sums are: short chains round less. */
  private static final int BLOCK = 32;

  private RowNorm() {}

  /**
   * Computes y.
   *
   * @param inverseRms F32 [T], written: 1/√(mean(x²) + ε) of each row
   */
  public static void forward(
      CpuDevice device, Tensor x, Tensor weight, float epsilon, Tensor y, Tensor inverseRms) {
    var loops = device.kernels().bfloat16Loops();
    if (loops != null && x.dtype() == DType.F32 && y.dtype() == DType.BF16) {
      toBFloat16(device, loops, x, weight, epsilon, y, inverseRms);
    } else {
      widened(device, x, weight, epsilon, y, inverseRms);
    }
  }

  private static void toBFloat16(
      CpuDevice device,
      BFloat16Kernels loops,
      Tensor x,
      Tensor weight,
      float epsilon,
      Tensor y,
      Tensor inverseRms) {
    var kernels = device.kernels();
    var d = x.columns();
    Split.rows(
        device,
        x.rows(),
        d,
        (from, to, worker) -> {
          for (var row = from; row < to; row++) {
            var first = (long) row * d;
            var meanOfSquares = kernels.sumOfSquares(x.data(), 4 * first, d) / d;
            var inverse = (float) (1 / Math.sqrt(meanOfSquares + epsilon));
            inverseRms.data().set(JAVA_FLOAT_UNALIGNED, row * 4L, inverse);
            loops.scaleAndMultiply(
                inverse, x.data(), 4 * first, weight.data(), 0, y.data(), 2 * first, d);
          }
        });
  }

  private static void widened(
      CpuDevice device, Tensor x, Tensor weight, float epsilon, Tensor y, Tensor inverseRms) {
    var d = x.columns();
    var xs = new FloatInput(device, x, d);
    var ys = new FloatOutput(device, y, d);
    Split.rows(
        device,
        x.rows(),
        d,
        (from, to, worker) -> {
          var xData = xs.memory(worker);
          var yData = ys.memory(worker);
          for (var row = from; row < to; row++) {
            var first = (long) row * d;
            var xAt = xs.read(xData, first, d);
            var yAt = ys.at(first);
            var inverse =
                device.kernels().rmsNorm(xData, xAt, weight.data(), 0, yData, yAt, d, epsilon);
            inverseRms.data().set(JAVA_FLOAT_UNALIGNED, row * 4L, inverse);
            ys.store(yData, first, d);
          }
        });
  }

  /** Rows of the sums that {@link #backward} writes for so many rows of x. */
  public static int blocks(int rows) {
    return Split.tasks(rows, BLOCK);
  }

  /**
   * The gradients of dy.
   *
   * @param dx null if it is not asked for
   * @param weightSums F32 [blocks, D], written: the gradient in the weight, summed by blocks of
   *     rows; null if it is not asked for
   */
  public static void backward(
      CpuDevice device,
      Tensor x,
      Tensor weight,
      Tensor inverseRms,
      Tensor dy,
      @Nullable GradientTarget dx,
      @Nullable Tensor weightSums) {
    var loops = device.kernels().bfloat16Loops();
    if (loops != null
        && weightSums == null
        && dx != null
        && x.dtype() == DType.F32
        && dx.tensor().dtype() == DType.F32
        && dy.dtype() == DType.BF16) {
      bfloat16Backward(device, loops, x, weight, inverseRms, dy, dx);
    } else {
      widenedBackward(device, x, weight, inverseRms, dy, dx, weightSums);
    }
  }

  private static void bfloat16Backward(
      CpuDevice device,
      BFloat16Kernels loops,
      Tensor x,
      Tensor weight,
      Tensor inverseRms,
      Tensor dy,
      GradientTarget dx) {
    var d = x.columns();
    Split.rows(
        device,
        x.rows(),
        d,
        (from, to, worker) -> {
          for (var row = from; row < to; row++) {
            var first = (long) row * d;
            loops.rmsNormBackward(
                x.data(),
                4 * first,
                weight.data(),
                0,
                dy.data(),
                2 * first,
                dx.tensor().data(),
                4 * first,
                d,
                inverseRms.data().get(JAVA_FLOAT_UNALIGNED, row * 4L),
                dx.accumulate());
          }
        });
  }

  private static void widenedBackward(
      CpuDevice device,
      Tensor x,
      Tensor weight,
      Tensor inverseRms,
      Tensor dy,
      @Nullable GradientTarget dx,
      @Nullable Tensor weightSums) {
    var kernels = device.kernels();
    var d = x.columns();
    var xs = new FloatInput(device, x, d);
    var dys = new FloatInput(device, dy, d);
    var dxs = new FloatOutput(device, dx, d);
    Split.rows(
        device,
        x.rows(),
        (from, to, worker) -> {
          var xData = xs.memory(worker);
          var dyData = dys.memory(worker);
          var dxData = dxs.memory(worker);
          var product = device.workers().scratch(worker, 4L * d);
          var sumAt = (long) (from / BLOCK) * d * 4;
          if (weightSums != null) {
            Zeros.fill(weightSums.data(), sumAt, 4L * d);
          }
          for (var row = from; row < to; row++) {
            var first = (long) row * d;
            var xAt = xs.read(xData, first, d);
            var dyAt = dys.read(dyData, first, d);
            var inverse = inverseRms.data().get(JAVA_FLOAT_UNALIGNED, row * 4L);
            if (dx != null) {
              kernels.rmsNormBackward(
                  xData, xAt, weight.data(), 0, dyData, dyAt, dxData, dxs.at(first), d, inverse);
              dxs.store(dxData, first, d);
            }
            if (weightSums != null) {
              kernels.multiply(xData, xAt, dyData, dyAt, product, 0, d);
              kernels.addScaled(inverse, product, 0, weightSums.data(), sumAt, d);
            }
          }
        },
        BLOCK);
  }

  /** dWeight = Σ sums, or dWeight += Σ sums, block by block. */
  public static void addBlocks(CpuDevice device, Tensor sums, GradientTarget dWeight) {
    var kernels = device.kernels();
    var d = sums.columns();
    var out = new FloatOutput(device, dWeight, Split.ELEMENTS);
    Split.elements(
        device,
        d,
        (from, n, worker) -> {
          var data = out.memory(worker);
          var sumAt = out.at(from);
          Zeros.fill(data, sumAt, 4L * n);
          for (var block = 0; block < sums.rows(); block++) {
            var at = ((long) block * d + from) * 4;
            kernels.add(data, sumAt, sums.data(), at, data, sumAt, n);
          }
          out.store(data, from, n);
        });
  }
}
