package org.bayu.train.data;

import org.jspecify.annotations.Nullable;

/** A line of a data file cannot be used. The message is the reason, without file and line. */
public final class BadRowException extends Exception {
  private static final long serialVersionUID = 1L;

  private final @Nullable String advice;

  /** The reason: the end of a sentence that begins with file and line, without the full stop. */
  public BadRowException(String reason) {
    super(reason);
    advice = null;
  }

  /**
   * The same where something else helps than mending the line.
   *
   * @param advice what to do: a sentence
   */
  public BadRowException(String reason, String advice) {
    super(reason);
    this.advice = advice;
  }

  /** The reason, as {@link #getMessage()} but never null. */
  public String reason() {
    return String.valueOf(getMessage());
  }

  /** What to do in place of mending the line; null where there is nothing better. */
  @Nullable String advice() {
    return advice;
  }
}
