package org.bayu.tensor.autograd;

import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.Arithmetic;
import org.bayu.tensor.internal.elements.GradientTarget;

/** y = a · b, element by element. */
public final class Multiply {
  private Multiply() {}

  /**
   * The products of two variables of the same type and shape.
   *
   * @throws ShapeException if types or shapes differ
   */
  public static Variable apply(Tape tape, Variable a, Variable b) {
    var x = a.value();
    if (!x.shape().equals(b.value().shape()) || x.dtype() != b.value().dtype()) {
      throw new ShapeException("multiply: %s · %s".formatted(x, b.value()));
    }
    var y = tape.allocate(x.dtype(), x.shape().dims());
    Arithmetic.multiply(tape.device(), x, b.value(), new GradientTarget(y, false));
    return tape.record(
        "Multiply",
        y,
        a.requiresGradient() || b.requiresGradient(),
        dy -> {
          addGradient(tape, dy.tensor(), b.value(), a);
          addGradient(tape, dy.tensor(), x, b);
        });
  }

  private static void addGradient(Tape tape, Tensor dy, Tensor factor, Variable input) {
    var target = tape.target(input);
    if (target != null) {
      Arithmetic.multiply(tape.device(), dy, factor, target);
    }
  }
}
