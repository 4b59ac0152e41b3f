package org.bayu.finetune.command;

import java.io.PrintWriter;
import java.util.Map;

/** What the commands know of the process that they run in, and how one runs another. */
public interface CommandRunner {
  /**
   * Runs one command with the options that hold for every command, such as {@code --debug}.
   *
   * @param out takes its results
   * @param err takes all else
   * @return its exit code
   */
  int runCommand(PrintWriter out, PrintWriter err, String... args);

  /** Says why a command has failed; returns the exit code. */
  int report(Throwable thrown);

  /** The variables of the process's environment. */
  Map<String, String> environment();
}
