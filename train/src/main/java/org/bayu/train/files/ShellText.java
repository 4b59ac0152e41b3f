package org.bayu.train.files;

import java.util.List;
import java.util.regex.Pattern;

/** Commands as a POSIX shell takes them, for messages that a user may paste. */
public final class ShellText {
  private static final Pattern PLAIN = Pattern.compile("[\\w@%+=:,./-]+");

  private ShellText() {}

  /** An argument, quoted if the shell would read it otherwise. */
  public static String word(String argument) {
    return PLAIN.matcher(argument).matches()
        ? argument
        : "'" + argument.replace("'", "'\\''") + "'";
  }

  /** A program and its arguments. */
  public static String command(String program, List<String> arguments) {
    var line = new StringBuilder(program);
    arguments.forEach(argument -> line.append(' ').append(word(argument)));
    return line.toString();
  }
}
