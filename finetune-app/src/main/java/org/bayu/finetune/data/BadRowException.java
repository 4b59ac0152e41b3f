package org.bayu.finetune.data;

/** A line of a data file cannot be used; the message is the reason, without file and line. */
public final class BadRowException extends Exception {
  private static final long serialVersionUID = 1L;

  /** The reason: the end of a sentence that begins with file and line, without the full stop. */
  public BadRowException(String reason) {
    super(reason);
  }

  /** The reason, as {@link #getMessage()} but never null. */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
