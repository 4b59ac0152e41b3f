package org.bayu.tensor.internal.kernels.machine;

/** Machine code cannot run here: the message is one line that says why. */
public final class CodeRefusedException extends Exception {
  private static final long serialVersionUID = 1;

  public CodeRefusedException(String reason) {
    super(reason);
  }

  public CodeRefusedException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
