package org.bayu.train;

/** Loss, gradients or weights are not finite; no update was made with them. */
public final class NonFiniteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public NonFiniteException(long step, String what) {
    super("step " + step + ": " + what);
  }
}
