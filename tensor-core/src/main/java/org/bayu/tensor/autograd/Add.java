package org.bayu.tensor.autograd;

import org.bayu.tensor.ShapeException;
import org.bayu.tensor.internal.elements.Arithmetic;

/**
 * y = a + b, the residual connection; the gradient passes to both sides.
 *
 * <p>y has a's type: a residual stream in F32 takes branches in BF16, whose gradients are then
 * BF16.
 */
public final class Add {
  private Add() {}

  /**
   * The sum of two variables of the same shape, of a's type.
   *
   * @throws ShapeException if the shapes differ
   */
  public static Variable apply(Tape tape, Variable a, Variable b) {
    var x = a.value();
    if (!x.shape().equals(b.value().shape())) {
      throw new ShapeException("add: %s + %s".formatted(x, b.value()));
    }
    var y = tape.allocateValue(x.dtype(), x.shape().dims());
    if (!tape.unread()) {
      Arithmetic.add(tape.device(), x, b.value(), y);
    }
    return tape.record(
        "Add",
        y,
        a.requiresGradient() || b.requiresGradient(),
        gradient -> {
          tape.pass(gradient, a);
          tape.pass(gradient, b);
        });
  }
}
