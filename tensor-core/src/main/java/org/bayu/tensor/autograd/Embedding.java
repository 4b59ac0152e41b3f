package org.bayu.tensor.autograd;

import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;

/** y[t] = table[ids[t]]: T tokens, V rows of D features. */
public final class Embedding {
  private Embedding() {}

  /**
   * The rows of {@code table} [V, D] that {@code ids} names, I32 [T], as [T, D] of type {@code
   * type}; the gradient goes to the table, if it is trainable.
   *
   * @throws ShapeException if the shapes do not fit
   * @throws IndexOutOfBoundsException if an id is not a row of the table
   */
  public static Variable apply(Tape tape, Tensor ids, Tensor table, DType type) {
    if (ids.shape().rank() != 1 || ids.dtype() != DType.I32 || table.shape().rank() != 2) {
      throw new ShapeException("embedding: ids %s of table %s".formatted(ids, table));
    }
    var tokens = ids.columns();
    for (var t = 0; t < tokens; t++) {
      if (ids.getInt(t) < 0 || ids.getInt(t) >= table.rows()) {
        throw new IndexOutOfBoundsException(
            String.format(Locale.ROOT, "embedding: id %d of table %s", ids.getInt(t), table));
      }
    }
    var y = tape.allocate(type, tokens, table.columns());
    Gather.gather(tape, table, ids::getInt, y);
    return tape.record(
        "Embedding",
        y,
        tape.trains(table),
        dy ->
            tape.addGradient(
                table, target -> Gather.scatter(tape, dy.tensor(), ids::getInt, target)));
  }
}
