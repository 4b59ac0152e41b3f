package org.bayu.finetune.terminal;

import java.util.List;
import java.util.regex.Pattern;

/** Commands as a POSIX shell takes them. */
public final class ShellText {
  private static final Pattern PLAIN = Pattern.compile("[\\w@%+=:,./-]+");

  private ShellText() {}

  /** A program and its arguments, each quoted where the shell would read it otherwise. */
  public static String command(String program, List<String> arguments) {
    var line = new StringBuilder(program);
    for (var argument : arguments) {
      line.append(' ')
          .append(
              PLAIN.matcher(argument).matches()
                  ? argument
                  : "'" + argument.replace("'", "'\\''") + "'");
    }
    return line.toString();
  }
}
