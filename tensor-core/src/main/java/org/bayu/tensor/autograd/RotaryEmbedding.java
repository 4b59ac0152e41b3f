package org.bayu.tensor.autograd;

import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Rotation;

/**
 * Rotates each pair of features (i, i + headDim/2) of each head by an angle that grows with the
 * token's position. Products of queries and keys then depend on their distance. Su et al. 2021,
 * "RoFormer", in the half-split layout of Transformers' Llama.
 */
public final class RotaryEmbedding {
  private RotaryEmbedding() {}

  /**
   * x [T, H·headDim], with token t rotated by the angles of {@code positions[t]}, I32 [T].
   *
   * @throws ShapeException if the shapes do not fit
   * @throws IndexOutOfBoundsException if a position is not in the table
   */
  public static Variable apply(Tape tape, Variable x, Tensor positions, RotaryTable table) {
    var in = x.value();
    var headDim = table.headDim();
    if (in.shape().rank() != 2
        || headDim == 0
        || in.columns() % headDim != 0
        || positions.dtype() != DType.I32
        || positions.shape().rank() != 1
        || positions.dim(0) != in.dim(0)) {
      throw new ShapeException(
          "rotary embedding: x %s, positions %s, table %s".formatted(in, positions, table.cos()));
    }
    for (var t = 0; t < in.rows(); t++) {
      if (positions.getInt(t) < 0 || positions.getInt(t) >= table.positions()) {
        throw new IndexOutOfBoundsException(
            String.format(
                Locale.ROOT,
                "rotary embedding: position %d of %d",
                positions.getInt(t),
                table.positions()));
      }
    }
    var y = tape.allocate(in.dtype(), in.shape().dims());
    var rotation = new Rotation(positions, table.cos(), table.sin());
    rotation.apply(tape.device(), in, 1, new GradientTarget(y, false));
    return tape.record(
        "RotaryEmbedding",
        y,
        x.requiresGradient(),
        dy -> {
          var target = tape.target(x);
          if (target != null) {
            rotation.apply(tape.device(), dy.tensor(), -1, target);
          }
        });
  }
}
