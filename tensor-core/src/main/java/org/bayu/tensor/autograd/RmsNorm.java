package org.bayu.tensor.autograd;

import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.Arithmetic;
import org.bayu.tensor.internal.elements.RowNorm;

/**
 * y = x / √(mean(x²) + ε) · weight, row by row. Zhang and Sennrich 2019, "Root Mean Square Layer
 * Normalization".
 *
 * <p>T tokens, D features: x and y [T, D], weight [D]. Computed in binary32, whatever the types.
 */
public final class RmsNorm {
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
    var y = tape.allocate(type, in.shape().dims());
    var inverseRms = tape.allocate(DType.F32, in.rows());
    forward(tape, in, weight, epsilon, y, inverseRms);
    var output =
        tape.record(
            "RmsNorm",
            y,
            x.requiresGradient() || tape.trains(weight),
            () -> again(tape, x, weight, epsilon, type),
            dy -> backward(tape, x, weight, inverseRms, dy.tensor()));
    if (!output.requiresGradient()) {
      tape.release(inverseRms);
    }
    return output;
  }

  private static void forward(
      Tape tape, Tensor x, Tensor weight, float epsilon, Tensor y, Tensor inverseRms) {
    var w = widened(tape, weight);
    RowNorm.forward(tape.device(), x, w, epsilon, y, inverseRms);
    tape.release(w);
  }

  private static Tensor again(Tape tape, Variable x, Tensor weight, float epsilon, DType type) {
    var in = x.value();
    var y = tape.allocate(type, in.shape().dims());
    var inverseRms = tape.allocate(DType.F32, in.rows());
    forward(tape, in, weight, epsilon, y, inverseRms);
    tape.release(inverseRms);
    return y;
  }

  /** {@code weight} if it is F32, else a widened copy; {@link Tape#release} ends it. */
  private static Tensor widened(Tape tape, Tensor weight) {
    if (weight.dtype() == DType.F32) {
      return weight;
    }
    var copy = tape.allocate(DType.F32, weight.shape().dims());
    Arithmetic.convert(tape.device(), weight, copy);
    return copy;
  }

  private static void backward(Tape tape, Variable x, Tensor weight, Tensor inverseRms, Tensor dy) {
    var device = tape.device();
    var in = x.value();
    var target = tape.target(x);
    var w = widened(tape, weight);
    var sums =
        tape.trains(weight)
            ? tape.allocate(DType.F32, RowNorm.blocks(in.rows()), in.columns())
            : null;
    RowNorm.backward(device, in, w, inverseRms, dy, target, sums);
    if (sums != null) {
      addWeightGradient(tape, weight, sums);
      tape.release(sums);
    }
    tape.release(w);
    tape.release(inverseRms);
  }

  private static void addWeightGradient(Tape tape, Tensor weight, Tensor sums) {
    tape.addGradient(weight, target -> RowNorm.addBlocks(tape.device(), sums, target));
  }
}
