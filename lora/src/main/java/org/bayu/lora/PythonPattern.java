package org.bayu.lora;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.bayu.tensor.io.Printable;

/**
 * A regular expression of Python's, as PEFT's settings have them, for paths of layers. Its named
 * groups are written as Java writes them; a match takes a bounded number of steps.
 */
final class PythonPattern {
  /** Characters looked at in one match at most. A path has some forty. */
  private static final int STEPS = 50_000;

  private static final int LONGEST = 10_000;

  private final String setting;
  private final String shown;
  private final Pattern pattern;

  private PythonPattern(String setting, String shown, Pattern pattern) {
    this.setting = setting;
    this.shown = shown;
    this.pattern = pattern;
  }

  /**
   * An expression.
   *
   * @param setting where it stands, for messages
   * @param shown what the user wrote of it, for messages
   * @throws IllegalArgumentException if it is no regular expression, or too long
   */
  static PythonPattern of(String setting, String expression, String shown) {
    if (expression.length() > LONGEST) {
      throw refusal(
          setting, shown, String.format(Locale.ROOT, "is longer than %d characters", LONGEST));
    }
    try {
      return new PythonPattern(setting, shown, Pattern.compile(translated(expression)));
    } catch (PatternSyntaxException e) {
      throw refusal(
          setting,
          shown,
          String.format(
              Locale.ROOT,
              "is not a regular expression: %s at position %d",
              e.getDescription(),
              e.getIndex()));
    } catch (StackOverflowError e) {
      throw refusal(setting, shown, "is nested too deep");
    }
  }

  /**
   * Whether the whole path matches.
   *
   * @throws IllegalArgumentException if that takes too many steps
   */
  boolean matches(String path) {
    try {
      return pattern.matcher(new Counted(path, new AtomicInteger())).matches();
    } catch (TooManyStepsException | StackOverflowError e) {
      throw refusal(setting, shown, "takes too many steps to match " + Printable.quote(path));
    }
  }

  private static IllegalArgumentException refusal(String setting, String shown, String reason) {
    return new IllegalArgumentException(setting + " " + Printable.quote(shown) + " " + reason);
  }

  /** Java's form of named groups, whose names have letters and digits alone. */
  private static String translated(String expression) {
    var java = new StringBuilder();
    var names = new HashMap<String, String>();
    var classBegin = -1;
    for (var i = 0; i < expression.length(); i++) {
      var c = expression.charAt(i);
      var end = 0;
      if (c == '\\' && i + 1 < expression.length()) {
        java.append(c).append(expression.charAt(++i));
      } else if (classBegin >= 0) {
        // Characters for Python; for Java a class within the class, and an intersection.
        java.append(c == '[' ? "\\[" : c == '&' ? "\\&" : String.valueOf(c));
        var first = expression.startsWith("^", classBegin + 1) ? classBegin + 2 : classBegin + 1;
        classBegin = c == ']' && i > first ? -1 : classBegin;
      } else if (c == '[') {
        java.append(c);
        classBegin = i;
      } else if (expression.startsWith("(?P<", i) && (end = expression.indexOf('>', i)) > 0) {
        java.append("(?<").append(group(names, expression.substring(i + 4, end))).append('>');
        i = end;
      } else if (expression.startsWith("(?P=", i) && (end = expression.indexOf(')', i)) > 0) {
        java.append("\\k<").append(group(names, expression.substring(i + 4, end))).append('>');
        i = end;
      } else {
        java.append(c);
      }
    }
    return java.toString();
  }

  private static String group(Map<String, String> names, String name) {
    return names.computeIfAbsent(name, _ -> "g" + names.size());
  }

  private static final class TooManyStepsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooManyStepsException() {
      super(null, null, false, false);
    }
  }

  /** A text that counts how often it is looked at. */
  private record Counted(String text, AtomicInteger steps) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (steps.incrementAndGet() > STEPS) {
        throw new TooManyStepsException();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Counted(text.substring(start, end), steps);
    }
  }
}
