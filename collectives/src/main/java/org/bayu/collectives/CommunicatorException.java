package org.bayu.collectives;

/**
 * The processes cannot communicate. The message says in one or two sentences why, and what to do.
 */
public final class CommunicatorException extends RuntimeException {
  private static final long serialVersionUID = 1;

  CommunicatorException(String message) {
    super(message);
  }
}
