package org.bayu.tensor.autograd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;
import org.bayu.tensor.internal.kernels.Zeros;
import org.jspecify.annotations.Nullable;

/**
 * y = x / √(mean(x²) + ε) · weight, row by row. Zhang and Sennrich 2019, "Root Mean Square Layer
 * Normalization".
 *
 * <p>T tokens, D features: x and y [T, D], weight [D]. Computed in binary32, whatever the types.
 */
public final class RmsNorm {
  /** Rows whose weight gradients are summed before the sums are: short chains round less. */
  private static final int BLOCK = 32;

  private RmsNorm() {}

  /** The norm of {@code x}, of x's type. */
  public static Variable apply(Tape tape, Variable x, Tensor weight, float epsilon) {
    return apply(tape, x, weight, epsilon, x.value().dtype());
  }

  /**
   * The norm of {@code x}, of type {@code type}; gradients go to x and, if it is trainable, to the
   * weight.
   *
   * @throws ShapeException if the shapes do not fit
   */
  public static Variable apply(Tape tape, Variable x, Tensor weight, float epsilon, DType type) {
    var in = x.value();
    if (in.shape().rank() != 2 || !weight.shape().equals(Shape.of(in.dim(1)))) {
      throw new ShapeException("rms norm: x %s, weight %s".formatted(in, weight));
    }
    var device = tape.device();
    var kernels = device.kernels();
    var d = in.columns();
    var y = tape.allocate(type, in.shape().dims());
    var inverseRms = tape.allocate(DType.F32, in.rows());
    var w = widened(tape, weight);
    var loops = kernels.bfloat16Loops();
    if (loops != null && in.dtype() == DType.F32 && type == DType.BF16) {
      Split.rows(
          device,
          in.rows(),
          d,
          (from, to, worker) -> {
            for (var row = from; row < to; row++) {
              var first = (long) row * d;
              var meanOfSquares = kernels.sumOfSquares(in.data(), 4 * first, d) / d;
              var inverse = (float) (1 / Math.sqrt(meanOfSquares + epsilon));
              inverseRms.data().set(JAVA_FLOAT_UNALIGNED, row * 4L, inverse);
              loops.scaleAndMultiply(
                  inverse, in.data(), 4 * first, w.data(), 0, y.data(), 2 * first, d);
            }
          });
    } else {
      widened(device, in, w, epsilon, y, inverseRms);
    }
    tape.release(w);
    var output =
        tape.record(
            "RmsNorm",
            y,
            x.requiresGradient() || tape.trains(weight),
            dy -> backward(tape, x, weight, inverseRms, dy.tensor()));
    if (!output.requiresGradient()) {
      tape.release(inverseRms);
    }
    return output;
  }

  /** {@code weight} if it is F32, else a widened copy; {@link Tape#release} ends it. */
  private static Tensor widened(Tape tape, Tensor weight) {
    if (weight.dtype() == DType.F32) {
      return weight;
    }
    var copy = tape.allocate(DType.F32, weight.shape().dims());
    Add.convert(tape.device(), weight, copy);
    return copy;
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

  private static void backward(Tape tape, Variable x, Tensor weight, Tensor inverseRms, Tensor dy) {
    var device = tape.device();
    var kernels = device.kernels();
    var workers = device.workers();
    var in = x.value();
    var d = in.columns();
    var target = tape.target(x);
    var w = widened(tape, weight);
    if (!tape.trains(weight)
        && target != null
        && loopsBackward(device, in, w, inverseRms, dy, target)) {
      tape.release(w);
      tape.release(inverseRms);
      return;
    }
    var blocks = Split.tasks(in.rows(), BLOCK);
    var sums = tape.trains(weight) ? tape.allocate(DType.F32, blocks, d) : null;
    var xs = new FloatInput(device, in, d);
    var dys = new FloatInput(device, dy, d);
    var dxs = new FloatOutput(device, target, d);
    Split.rows(
        device,
        in.rows(),
        (from, to, worker) -> {
          var xData = xs.memory(worker);
          var dyData = dys.memory(worker);
          var dxData = dxs.memory(worker);
          var product = workers.scratch(worker, 4L * d);
          var sumAt = (long) (from / BLOCK) * d * 4;
          if (sums != null) {
            Zeros.fill(sums.data(), sumAt, 4L * d);
          }
          for (var row = from; row < to; row++) {
            var first = (long) row * d;
            var xAt = xs.read(xData, first, d);
            var dyAt = dys.read(dyData, first, d);
            var inverse = inverseRms.data().get(JAVA_FLOAT_UNALIGNED, row * 4L);
            if (target != null) {
              kernels.rmsNormBackward(
                  xData, xAt, w.data(), 0, dyData, dyAt, dxData, dxs.at(first), d, inverse);
              dxs.store(dxData, first, d);
            }
            if (sums != null) {
              kernels.multiply(xData, xAt, dyData, dyAt, product, 0, d);
              kernels.addScaled(inverse, product, 0, sums.data(), sumAt, d);
            }
          }
        },
        BLOCK);
    addToWeight(tape, weight, sums);
    tape.release(w);
    tape.release(inverseRms);
  }

  /** Computes the gradient in x alone with loops over bf16, if there are any for these types. */
  private static boolean loopsBackward(
      CpuDevice device,
      Tensor x,
      Tensor weight,
      Tensor inverseRms,
      Tensor dy,
      GradientTarget target) {
    var loops = device.kernels().bfloat16Loops();
    var dx = target.tensor();
    if (loops == null
        || x.dtype() != DType.F32
        || dx.dtype() != DType.F32
        || dy.dtype() != DType.BF16) {
      return false;
    }
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
                dx.data(),
                4 * first,
                d,
                inverseRms.data().get(JAVA_FLOAT_UNALIGNED, row * 4L),
                target.accumulate());
          }
        });
    return true;
  }

  /** dWeight += Σ sums, block by block. */
  private static void addToWeight(Tape tape, Tensor weight, @Nullable Tensor sums) {
    if (sums == null) {
      return;
    }
    var target = tape.target(weight);
    var device = tape.device();
    var kernels = device.kernels();
    var d = sums.columns();
    var out = new FloatOutput(device, target, Split.ELEMENTS);
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
    tape.release(sums);
  }
}
