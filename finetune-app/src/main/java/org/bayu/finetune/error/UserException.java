package org.bayu.finetune.error;

/**
 * An error that the user can mend. The message is one or two sentences that say what is wrong,
 * where (file, line, key, tensor) and what to do; it reaches the terminal without a stack trace,
 * and the process ends with {@link #exitCode()}.
 */
public final class UserException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  /** An error with the given exit code, one of {@link ExitCode}'s. */
  public UserException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /** As above; the cause is printed with {@code --debug} only. */
  public UserException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** The work could not be done: {@value ExitCode#FAILED}. */
  public static UserException failed(String message) {
    return new UserException(ExitCode.FAILED, message);
  }

  /** The command line or the configuration is wrong: {@value ExitCode#USAGE}. */
  public static UserException usage(String message) {
    return new UserException(ExitCode.USAGE, message);
  }

  /** A file that was to be read is missing or malformed: {@value ExitCode#INPUT_FILE}. */
  public static UserException inputFile(String message) {
    return new UserException(ExitCode.INPUT_FILE, message);
  }

  /** The work does not fit into the machine's memory: {@value ExitCode#MEMORY}. */
  public static UserException memory(String message) {
    return new UserException(ExitCode.MEMORY, message);
  }

  /** What the process ends with. */
  public int exitCode() {
    return exitCode;
  }
}
