package org.bayu.finetune.train;

/** Loss or gradients of a step are not finite; the parameters are as they were before it. */
public final class NonFiniteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NonFiniteException(long step, String what) {
    super("step %d: %s".formatted(step, what));
  }
}
