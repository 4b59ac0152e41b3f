package org.bayu.tensor.autograd;

import org.bayu.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that a {@link Tape} knows: a value and, once {@link Tape#backward} has run, the gradient
 * of the loss in it.
 *
 * <p>Made by {@link Tape#constant}, {@link Tape#input} and the ops. Belongs to its tape's thread.
 */
public final class Variable {
  private final Tensor value;
  private final boolean requiresGradient;
  private @Nullable Gradient gradient;

  Variable(Tensor value, boolean requiresGradient) {
    this.value = value;
    this.requiresGradient = requiresGradient;
  }

  /** The value; owned by the tape's workspace unless the caller brought it. */
  public Tensor value() {
    return value;
  }

  /** Whether the backward pass computes this variable's gradient. */
  public boolean requiresGradient() {
    return requiresGradient;
  }

  /**
   * ∂loss/∂value, of the value's type and shape. Only of a {@link Tape#input} does it outlive the
   * backward pass; null before it and where the loss does not depend on this variable.
   */
  public @Nullable Tensor gradient() {
    return gradient == null ? null : gradient.tensor();
  }

  @Nullable Gradient sharedGradient() {
    return gradient;
  }

  void setGradient(@Nullable Gradient gradient) {
    this.gradient = gradient;
  }

  /** A gradient that several variables may hold, as the two sides of a sum do, until one adds. */
  static final class Gradient {
    private final Tensor tensor;
    int holders = 1;

    Gradient(Tensor tensor) {
      this.tensor = tensor;
    }

    Tensor tensor() {
      return tensor;
    }
  }
}
