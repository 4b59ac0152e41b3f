package org.bayu.tensor.io;

import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Makes text from a file or the command line fit for a message: short, on one line, and without
 * characters that a terminal acts on.
 *
 * <p>Control and format characters (escape sequences, changes of writing direction, zero-width
 * characters), line separators and lone surrogates become {@code \}{@code uXXXX}.
 */
public final class Printable {
  private static final int NAME = 64;
  private static final int MESSAGE = 360;
  private static final int PATH = 4096;
  private static final int LISTED = 3;
  private static final String LEFT_OUT = " … ";

  private Printable() {}

  /** {@code text} on one line, whole. */
  public static String escape(String text) {
    if (text.chars().allMatch(c -> c >= ' ' && c < 0x7F)) {
      return text;
    }
    var line = new StringBuilder(text.length());
    text.codePoints().forEach(c -> append(line, c));
    return line.toString();
  }

  private static void append(StringBuilder line, int codePoint) {
    switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR -> {
        for (var unit : Character.toChars(codePoint)) {
          line.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
        }
      }
      default -> line.appendCodePoint(codePoint);
    }
  }

  /**
   * A name or a value on one line: as much of its beginning as takes {@value #NAME} characters, and
   * how many characters all of it has.
   */
  public static String name(String text) {
    var line = new StringBuilder();
    for (var i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
      var end = line.length();
      append(line, text.codePointAt(i));
      if (line.length() > NAME) {
        line.setLength(end);
        return line + "… (" + text.length() + " characters)";
      }
    }
    return line.toString();
  }

  /** The same in double quotes. */
  public static String quote(String text) {
    return '"' + name(text) + '"';
  }

  /** The first three, and how many more there are: "a, b, c and 4 more". */
  public static String first(Collection<String> items, String separator) {
    var listed = items.stream().limit(LISTED).collect(Collectors.joining(separator));
    var more = items.size() - LISTED;
    return more <= 0 ? listed : listed + " and " + more + " more";
  }

  /**
   * A message on one line of at most {@value #MESSAGE} characters. The middle of a longer one is
   * left out, because its end says what to do.
   */
  public static String message(String text) {
    var line = escape(text);
    if (line.length() <= MESSAGE) {
      return line;
    }
    var start = MESSAGE - MESSAGE / 3 - LEFT_OUT.length();
    var end = line.length() - MESSAGE / 3;
    // Half a surrogate pair is left out too: it has been escaped where it stood alone.
    return line.substring(0, Character.isLowSurrogate(line.charAt(start)) ? start - 1 : start)
        + LEFT_OUT
        + line.substring(Character.isLowSurrogate(line.charAt(end)) ? end + 1 : end);
  }

  /** The same for a sentence that may begin with a path: "path: what is wrong". */
  public static String sentence(String text) {
    var colon = text.indexOf(": ");
    return colon < 0 || colon > PATH
        ? message(text)
        : escape(text.substring(0, colon + 2)) + message(text.substring(colon + 2));
  }
}
