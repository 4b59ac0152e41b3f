package org.bayu.tensor.io;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file is malformed: cut short, of another format, or contradictory. The message is one sentence
 * for the user, {@code file: reason}. It can be printed: it is on one line and of limited length,
 * whatever names it quotes from the file ({@link Printable}).
 */
public final class MalformedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;
  private final String reason;

  /** {@code file} was refused because of {@code reason}, which names the tensor, key or line. */
  public MalformedFileException(Path file, String reason) {
    this(file, reason, null);
  }

  /** The same, with a cause. */
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
