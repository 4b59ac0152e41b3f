package org.bayu.tensor.io;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A text is not the JSON that {@link StrictJson} reads. The message is part of a sentence whose
 * subject is the text: "is not valid JSON at line 2, column 7: a value is missing before }".
 */
public final class InvalidJsonException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final int line;
  private final int column;

  InvalidJsonException(String reason, int line, int column, @Nullable Throwable cause) {
    super("is not valid JSON at line " + line + ", column " + column + ": " + reason, cause);
    this.reason = reason;
    this.line = line;
    this.column = column;
  }

  /** What is wrong, without the place. */
  public String reason() {
    return reason;
  }

  /** The line of the fault, from 1. */
  public int line() {
    return line;
  }

  /** The character in the line at which the fault is, from 1. */
  public int column() {
    return column;
  }
}
