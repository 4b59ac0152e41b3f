package org.bayu.finetune.terminal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Help.Ansi;

/** What is known of the terminal that a stream of this process goes to. */
public final class Terminal {
  private static final int COLUMNS = 80;

  private Terminal() {}

  /** Columns of the terminal that stdout is, as far as can be known; 0 if it is none. */
  public static int columnsOfOutput() {
    return columns(1);
  }

  /** The same of stderr. */
  static int columnsOfErrors() {
    return columns(2);
  }

  private static int columns(int descriptor) {
    if (!Ansi.AUTO.enabled() || isRedirected(descriptor)) {
      return 0;
    }
    var columns = System.getenv("COLUMNS"); // for programs only where the user exports it
    return columns != null && columns.matches("[1-9][0-9]{1,2}")
        ? Integer.parseInt(columns)
        : COLUMNS;
  }

  /** Whether Linux says that a stream is something else than a terminal. */
  private static boolean isRedirected(int descriptor) {
    var stream = Path.of("/proc/self/fd/" + descriptor);
    try {
      return Files.isSymbolicLink(stream)
          && !Files.readSymbolicLink(stream).toString().matches("/dev/(pts/|tty|console).*");
    } catch (IOException e) {
      return false;
    }
  }
}
