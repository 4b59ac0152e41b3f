package org.bayu.tensor;

/** Operands do not fit together; the message names the operation and every shape. */
public final class ShapeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** A message that names the operation and the shapes. */
  public ShapeException(String message) {
    super(message);
  }

  /** The same, with a cause. */
  public ShapeException(String message, Throwable cause) {
    super(message, cause);
  }
}
