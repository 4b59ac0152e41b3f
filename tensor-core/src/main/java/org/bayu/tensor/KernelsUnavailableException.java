package org.bayu.tensor;

/**
 * {@code -Dbayu.kernels} asks for kernels that do not exist or cannot run here; the message is one
 * sentence without a full stop, which says which kernels and why.
 */
public final class KernelsUnavailableException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /** With the message for the user. */
  public KernelsUnavailableException(String message) {
    super(message);
  }
}
