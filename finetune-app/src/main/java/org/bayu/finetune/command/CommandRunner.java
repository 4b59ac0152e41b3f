package org.bayu.finetune.command;

import java.io.PrintWriter;

/** Runs a command line of Bayu's: what the demonstration goes through the tutorial with. */
public interface CommandRunner {
  /**
   * Runs one command with the options that hold for every command, such as {@code --debug}.
   *
   * @param out takes its results
   * @param err takes all else
   * @return its exit code
   */
  int runCommand(PrintWriter out, PrintWriter err, String... args);
}
