package org.bayu.tensor.nn;

import org.bayu.tensor.DType;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;

/** y = x / √(mean(x²) + ε) · weight, row by row. */
public final class RmsNorm extends Module {
  private final Parameter weight;
  private final float epsilon;

  /** A norm with this weight, [features]. */
  public RmsNorm(Parameter weight, float epsilon) {
    this.weight = parameter(weight);
    this.epsilon = epsilon;
  }

  /** The weight, [features]. */
  public Parameter weight() {
    return weight;
  }

  /** x [tokens, features] → [tokens, features] of x's type. */
  public Variable forward(Tape tape, Variable x) {
    return forward(tape, x, x.value().dtype());
  }

  /** x [tokens, features] → [tokens, features] of type {@code type}. */
  public Variable forward(Tape tape, Variable x, DType type) {
    return org.bayu.tensor.autograd.RmsNorm.apply(tape, x, weight.value(), epsilon, type);
  }
}
