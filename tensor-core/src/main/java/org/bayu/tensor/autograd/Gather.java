package org.bayu.tensor.autograd;

import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;
import org.bayu.tensor.internal.kernels.Zeros;

/** y[i] = x[rows[i]]: some rows of a matrix, in another floating type if asked for. */
public final class Gather {
  /** Columns of one task of the backward pass: some cache lines. */
  private static final int COLUMNS = 128;

  private Gather() {}

  /**
   * x [T, D] → [rows.length, D] of type {@code type}; a row may be asked for more than once.
   *
   * @throws ShapeException if a row is not in x
   */
  public static Variable apply(Tape tape, Variable x, int[] rows, DType type) {
    var from = x.value();
    for (var row : rows) {
      if (row < 0 || row >= from.rows()) {
        throw new ShapeException(String.format(Locale.ROOT, "gather: row %d of %s", row, from));
      }
    }
    var y = tape.allocate(type, rows.length, from.columns());
    gather(tape, from, i -> rows[i], y);
    return tape.record(
        "Gather",
        y,
        x.requiresGradient(),
        gradient -> {
          var target = tape.target(x);
          if (target != null) {
            scatter(tape, gradient.tensor(), i -> rows[i], target);
          }
        });
  }

  /** A row number for each row of a result. */
  @FunctionalInterface
  interface Rows {
    int of(int i);
  }

  /** y[i] = x[rows(i)]. */
  static void gather(Tape tape, Tensor x, Rows rows, Tensor y) {
    var device = tape.device();
    var d = y.columns();
    var type = y.dtype();
    var xs = new FloatInput(device, x, d);
    Split.rows(
        device,
        y.rows(),
        d,
        (from, to, worker) -> {
          var data = xs.memory(worker);
          for (var i = from; i < to; i++) {
            var at = xs.read(data, (long) rows.of(i) * d, d);
            device.kernels().narrow(type, data, at, y.data(), (long) i * d * type.bytes(), d);
          }
        });
  }

  /**
   * dx[rows(i)] += dy[i] for i = 0, 1, …, some columns to a task: rows may repeat. The other rows
   * become zero unless the target already holds a sum.
   */
  static void scatter(Tape tape, Tensor dy, Rows rows, GradientTarget target) {
    var device = tape.device();
    var dx = target.tensor();
    var d = dx.columns();
    if (!target.accumulate()) {
      var bytes = dx.dtype().bytes();
      Split.elements(
          device,
          dx.elements(),
          (from, n, worker) -> Zeros.fill(dx.data(), from * bytes, (long) n * bytes));
    }
    var dys = new FloatInput(device, dy, COLUMNS);
    var dxs = new FloatOutput(device, new GradientTarget(dx, true), COLUMNS);
    device
        .workers()
        .run(
            Split.tasks(d, COLUMNS),
            (index, worker) -> {
              var column = index * COLUMNS;
              var n = Math.min(COLUMNS, d - column);
              var dyData = dys.memory(worker);
              var dxData = dxs.memory(worker);
              for (var i = 0; i < dy.rows(); i++) {
                var dyAt = dys.read(dyData, (long) i * d + column, n);
                dxs.store(dxData, (long) rows.of(i) * d + column, n, dyData, dyAt);
              }
            });
  }
}
