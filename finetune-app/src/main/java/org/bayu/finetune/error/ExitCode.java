package org.bayu.finetune.error;

/** What the process ends with. */
public final class ExitCode {
  /** The command did what it was asked to. */
  public static final int DONE = 0;

  /** The command could not finish its work. */
  public static final int FAILED = 1;

  /** The command line or the configuration is wrong. */
  public static final int USAGE = 2;

  /** A file that was to be read is missing or malformed. */
  public static final int INPUT_FILE = 3;

  /** The work does not fit into memory. */
  public static final int MEMORY = 4;

  /** Whoever read the results reads no more: 128 and the number of SIGPIPE. */
  public static final int PIPE_CLOSED = 141;

  /** The process was asked to end: 128 and the number of SIGTERM. */
  public static final int TERMINATED = 143;

  private ExitCode() {}
}
