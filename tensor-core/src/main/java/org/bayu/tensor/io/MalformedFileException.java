package org.bayu.tensor.io;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file does not hold what it should: cut short, of another format, or contradicting itself. The
 * message is one sentence for the user, {@code file: reason}, and fit to be printed: on one line
 * and bounded, whatever names of the file's are in it ({@link Printable}).
 */
public final class MalformedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;
  private final String reason;

  /** {@code file} was refused because of {@code reason}, which names the tensor, key or line. */
  public MalformedFileException(Path file, String reason) {
    this(file, reason, null);
  }

  /** The same, with what was thrown below. */
  public MalformedFileException(Path file, String reason, @Nullable Throwable cause) {
    super(Printable.escape(file + ": ") + Printable.message(reason), cause);
    this.file = file;
    this.reason = Printable.message(reason);
  }

  /** The refused file. */
  public Path file() {
    return file;
  }

  /** Why: the message without the file. */
  public String reason() {
    return reason;
  }
}
