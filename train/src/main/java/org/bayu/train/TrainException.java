package org.bayu.train;

/**
 * An error that the user can mend, in settings, files or the machine. The message is one or two
 * whole sentences: what is wrong, where (file, line, folder) and what to do.
 */
public final class TrainException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** What has to be mended. */
  public enum Kind {
    /** The work could not be done, for instance because a folder cannot be written. */
    FAILED,
    /** A setting is wrong. */
    SETTINGS,
    /** A file that was to be read is missing or malformed. */
    INPUT_FILE,
    /** The work does not fit into the machine's memory. */
    MEMORY
  }

  private TrainException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  private TrainException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** The work could not be done. */
  public static TrainException failed(String message) {
    return new TrainException(Kind.FAILED, message);
  }

  /** The work could not be done because of {@code cause}. */
  public static TrainException failed(String message, Throwable cause) {
    return new TrainException(Kind.FAILED, message, cause);
  }

  /** A setting is wrong. */
  public static TrainException settings(String message) {
    return new TrainException(Kind.SETTINGS, message);
  }

  /** A file that was to be read is missing or malformed. */
  public static TrainException inputFile(String message) {
    return new TrainException(Kind.INPUT_FILE, message);
  }

  /** A file that was to be read is malformed; {@code cause} says how, in another's words. */
  public static TrainException inputFile(String message, Throwable cause) {
    return new TrainException(Kind.INPUT_FILE, message, cause);
  }

  /** The work does not fit into the machine's memory. */
  public static TrainException memory(String message) {
    return new TrainException(Kind.MEMORY, message);
  }

  /** What has to be mended. */
  public Kind kind() {
    return kind;
  }
}
