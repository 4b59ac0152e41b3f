package org.bayu.tensor.autograd;

import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;

/** y[i] = x[rows[i]]: some rows of a matrix, in another floating type if asked for. */
public final class Gather {
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
        throw new ShapeException("gather: row %d of %s".formatted(row, from));
      }
    }
    var columns = from.columns();
    var kernels = tape.device().kernels();
    var workers = tape.device().workers();
    var y = tape.allocate(type, rows.length, columns);
    workers.run(
        rows.length,
        (index, worker) -> {
          var scratch = workers.scratch(worker, 4L * columns);
          var at = (long) rows[index] * columns * from.dtype().bytes();
          kernels.widen(from.dtype(), from.data(), at, scratch, 0, columns);
          kernels.narrow(
              type, scratch, 0, y.data(), (long) index * columns * type.bytes(), columns);
        });
    return tape.record(
        y,
        x.requiresGradient(),
        gradient -> {
          var target = tape.target(x);
          if (target == null) {
            return;
          }
          var dx = target.tensor();
          if (!target.accumulate()) {
            dx.zero();
          }
          var dy = gradient.tensor();
          var scratch = workers.scratch(0, 8L * columns);
          for (var i = 0; i < rows.length; i++) {
            var to = (long) rows[i] * columns * dx.dtype().bytes();
            kernels.widen(dx.dtype(), dx.data(), to, scratch, 0, columns);
            var at = (long) i * columns * dy.dtype().bytes();
            kernels.widen(dy.dtype(), dy.data(), at, scratch, 4L * columns, columns);
            kernels.add(scratch, 0, scratch, 4L * columns, scratch, 0, columns);
            kernels.narrow(dx.dtype(), scratch, 0, dx.data(), to, columns);
          }
        });
  }
}
