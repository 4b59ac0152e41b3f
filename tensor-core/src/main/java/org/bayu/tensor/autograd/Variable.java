package org.bayu.tensor.autograd;

import java.util.function.Supplier;
import org.bayu.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor on a {@link Tape}: a value and, after {@link Tape#backward}, the gradient of the loss
 * with respect to it.
 *
 * <p>Made by {@link Tape#constant}, {@link Tape#input} and the ops. Belongs to its tape's thread.
 */
public final class Variable {
  private Tensor value;
  private final boolean requiresGradient;
  private @Nullable Gradient gradient;
  private boolean forgotten;
  private @Nullable Supplier<Tensor> again;

  Variable(Tensor value, boolean requiresGradient) {
    this.value = value;
    this.requiresGradient = requiresGradient;
  }

  /**
   * The value. The tape's workspace owns it, unless the caller gave it to the tape. What the tape
   * has {@linkplain Tape#forget forgotten} is computed again.
   *
   * @throws IllegalStateException if it was forgotten and cannot be computed again
   */
  public Tensor value() {
    if (forgotten) {
      if (again == null) {
        throw new IllegalStateException("the tape has forgotten " + value);
      }
      value = again.get();
      forgotten = false;
    }
    return value;
  }

  /** A tensor of the value's type and shape, whose memory may be gone. */
  Tensor form() {
    return value;
  }

  /** Sets how the value is computed again. */
  void setAgain(Supplier<Tensor> again) {
    this.again = again;
  }

  /** Whether the value can be computed again. */
  boolean canBeComputedAgain() {
    return again != null;
  }

  /** From now on the value's memory is not there. */
  void forget() {
    forgotten = true;
  }

  /** Whether the backward pass computes this variable's gradient. */
  public boolean requiresGradient() {
    return requiresGradient;
  }

  /**
   * ∂loss/∂value, of the value's type and shape. Null before the backward pass, and if the loss
   * does not depend on this variable. After the backward pass only a {@link Tape#input} still has
   * its gradient.
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
