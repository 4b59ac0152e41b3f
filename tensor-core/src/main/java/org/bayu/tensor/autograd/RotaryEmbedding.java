package org.bayu.tensor.autograd;

import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;

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
    rotate(tape, in, positions, table, 1, new GradientTarget(y, false));
    return tape.record(
        "RotaryEmbedding",
        y,
        x.requiresGradient(),
        dy -> {
          var target = tape.target(x);
          if (target != null) {
            rotate(tape, dy.tensor(), positions, table, -1, target);
          }
        });
  }

  private static void rotate(
      Tape tape, Tensor x, Tensor positions, RotaryTable table, float sign, GradientTarget target) {
    var device = tape.device();
    var half = table.headDim() / 2;
    var columns = x.columns();
    var loops = device.kernels().bfloat16Loops();
    if (loops != null && x.dtype() == DType.BF16 && !target.accumulate()) {
      Split.rows(
          device,
          x.rows(),
          columns,
          (from, to, worker) -> {
            for (var t = from; t < to; t++) {
              var at = 2L * t * columns;
              var tableAt = (long) positions.getInt(t) * half * 4;
              loops.rotate(
                  x.data(),
                  at,
                  table.cos().data(),
                  table.sin().data(),
                  tableAt,
                  target.tensor().data(),
                  at,
                  half,
                  columns / table.headDim(),
                  sign);
            }
          });
      return;
    }
    var xs = new FloatInput(device, x, columns);
    var ys = new FloatOutput(device, target, columns);
    Split.rows(
        device,
        x.rows(),
        columns,
        (from, to, worker) -> {
          var xData = xs.memory(worker);
          var yData = ys.memory(worker);
          for (var t = from; t < to; t++) {
            var first = (long) t * columns;
            var xAt = xs.read(xData, first, columns);
            var yAt = ys.at(first);
            var tableAt = (long) positions.getInt(t) * half * 4;
            for (var head = 0L; head < columns; head += 2L * half) {
              device
                  .kernels()
                  .rotate(
                      xData,
                      xAt + head * 4,
                      table.cos().data(),
                      table.sin().data(),
                      tableAt,
                      yData,
                      yAt + head * 4,
                      half,
                      sign);
            }
            ys.store(yData, first, columns);
          }
        });
  }
}
