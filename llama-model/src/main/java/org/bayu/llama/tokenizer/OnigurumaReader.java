package org.bayu.llama.tokenizer;

import java.util.regex.PatternSyntaxException;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/** Goes through a regular expression in Oniguruma's syntax, and says where it must be refused. */
final class OnigurumaReader {
  /** Characters of an expression at most; those of known models have some hundreds. */
  static final int LONGEST = 10_000;

  private static final int DEEPEST = 100;

  private final String source;
  private int at;
  private int depth;

  OnigurumaReader(String source) {
    this.source = source;
  }

  /**
   * A quantifier.
   *
   * @param most the greatest number, -1 for no limit
   * @param java how Java writes it
   */
  record Quantifier(int least, int most, String java) {
    /** The greatest number that stands there. */
    int count() {
      return Math.max(least, most);
    }
  }

  /** Goes into a group or a class in brackets. */
  void enter() {
    if (++depth > DEEPEST) {
      throw unsupported("groups or brackets nested more than " + DEEPEST + " deep");
    }
  }

  void leave() {
    depth--;
  }

  boolean atEnd() {
    return at == source.length();
  }

  int at() {
    return at;
  }

  int peek() {
    return source.codePointAt(at);
  }

  int next() {
    int c = peek();
    at += Character.charCount(c);
    return c;
  }

  boolean take(char c) {
    boolean there = !atEnd() && source.charAt(at) == c;
    at += there ? 1 : 0;
    return there;
  }

  boolean startsWith(String text) {
    return source.startsWith(text, at);
  }

  boolean has(String text) {
    return source.indexOf(text, at) >= 0;
  }

  String since(int start) {
    return Printable.name(source.substring(start, at));
  }

  /** Goes on to the end of what stands before {@code end}, and behind that. */
  String until(String end, String what) {
    int stop = source.indexOf(end, at);
    if (stop < 0) {
      throw broken(what + " is not closed");
    }
    var text = source.substring(at, stop);
    at = stop + end.length();
    return text;
  }

  /** A group's name, which means nothing without references. */
  void name(char end) {
    var name = until(String.valueOf(end), "a group's name");
    if (name.isEmpty() || !Characters.isWord(name.codePointAt(0))) {
      throw broken("a group's name is empty or no word");
    }
  }

  /** Comments, and with {@code (?x)} white space. */
  void skipIgnored(boolean extended) {
    while (!atEnd()) {
      if (startsWith("(?#")) {
        until(")", "a comment");
      } else if (extended && Character.isWhitespace(peek())) {
        at++;
      } else if (extended && peek() == '#') {
        int end = source.indexOf('\n', at);
        at = end < 0 ? source.length() : end;
      } else {
        return;
      }
    }
  }

  /** The quantifier that stands here, or null. */
  @Nullable Quantifier quantifier() {
    if (atEnd()) {
      return null;
    }
    int c = peek();
    if (c == '{') {
      at++;
      var interval = interval();
      if (interval == null) {
        at--;
        return null;
      }
      // Behind a fixed number a question mark is a quantifier of its own.
      boolean fewest = interval.least() != interval.most() && take('?');
      return fewest
          ? new Quantifier(interval.least(), interval.most(), interval.java() + "?")
          : interval;
    }
    if (c != '*' && c != '+' && c != '?') {
      return null;
    }
    at++;
    var suffix = take('?') ? "?" : take('+') ? "+" : "";
    return new Quantifier(c == '+' ? 1 : 0, c == '?' ? 1 : -1, (char) c + suffix);
  }

  /** Reads {@code n,m}} behind the brace; null, without moving, where that is just text. */
  @Nullable Quantifier interval() {
    int start = at;
    var first = digits();
    boolean comma = take(',');
    var second = comma ? digits() : first;
    if (!take('}') || (first.isEmpty() && second.isEmpty())) {
      at = start;
      return null;
    }
    int least = first.isEmpty() ? 0 : number(first);
    int most = second.isEmpty() ? -1 : number(second);
    if (most >= 0 && most < least) {
      throw unsupported("a repetition whose first number is the greater one", start);
    }
    var upper = most < 0 ? "," : comma ? "," + most : "";
    return new Quantifier(least, most, "{" + least + upper + "}");
  }

  private String digits() {
    int start = at;
    while (!atEnd() && source.charAt(at) >= '0' && source.charAt(at) <= '9') {
      at++;
    }
    return source.substring(start, at);
  }

  private int number(String digits) {
    if (digits.length() > 6 || Integer.parseInt(digits) > 100_000) {
      throw broken("a repetition of more than 100,000");
    }
    return Integer.parseInt(digits);
  }

  /** {@code \p{name}}, {@code \P{name}} or {@code \p{^name}}, behind the backslash. */
  CharacterSet property(boolean inBrackets) {
    int start = at - 1;
    boolean negated = next() == 'P';
    if (!take('{')) {
      throw unsupported("\\p without braces", start);
    }
    negated ^= take('^');
    var name = until("}", "a property");
    var set = CharacterSet.property(name, inBrackets);
    if (set == null) {
      throw unsupported("the property " + Printable.quote(name), start);
    }
    return negated ? set.not() : set;
  }

  /** The one character that is written behind a backslash. */
  int escapedCharacter(int start) {
    int c = next();
    return switch (c) {
      case 't' -> '\t';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 'f' -> '\f';
      case 'v' -> 0x0B;
      case 'a' -> 0x07;
      case 'e' -> 0x1B;
      case 'x' -> hexadecimal(start);
      case 'u' -> {
        if (at + 4 > source.length()) {
          throw broken("\\u is not followed by four digits", start);
        }
        at += 4;
        yield codePoint(source.substring(at - 4, at), start);
      }
      default -> {
        if (c < 0x80 && Character.isLetterOrDigit(c)) {
          throw unsupported("the escape \\" + (char) c, start);
        }
        yield c;
      }
    };
  }

  private int hexadecimal(int start) {
    if (take('{')) {
      return codePoint(until("}", "\\x{"), start);
    }
    int from = at;
    while (at < from + 2 && !atEnd() && Character.digit(source.charAt(at), 16) >= 0) {
      at++;
    }
    int value = codePoint(source.substring(from, at), start);
    if (value > 0x7F) {
      throw unsupported("a byte that is no character", start);
    }
    return value;
  }

  private int codePoint(String digits, int start) {
    boolean valid = digits.matches("[0-9A-Fa-f]{1,6}");
    int value = valid ? Integer.parseInt(digits, 16) : -1;
    if (!Character.isValidCodePoint(value) || Character.getType(value) == Character.SURROGATE) {
      throw unsupported(since(start) + ", which is no character", start);
    }
    return value;
  }

  /**
   * A character and its other cases, as members of a Java class.
   *
   * @throws PatternSyntaxException for a letter beyond ASCII, whose other cases may be longer
   */
  String cases(int codePoint) {
    if (codePoint >= 0x80) {
      int type = Character.getType(codePoint);
      boolean mark =
          type == Character.NON_SPACING_MARK
              || type == Character.ENCLOSING_MARK
              || type == Character.COMBINING_SPACING_MARK;
      if (mark
          || Character.isLetter(codePoint)
          || Character.toLowerCase(codePoint) != codePoint
          || Character.toUpperCase(codePoint) != codePoint) {
        throw unsupported("a letter beyond ASCII where case does not count");
      }
      return CharacterSet.literal(codePoint);
    }
    var cases = CharacterSet.literal(codePoint);
    if (Character.isLetter(codePoint)) {
      cases += Character.toString(codePoint ^ 0x20);
      cases += (codePoint | 0x20) == 'k' ? "\\x{212A}" : "";
      cases += (codePoint | 0x20) == 's' ? "\\x{17F}" : "";
    }
    return cases;
  }

  /** The refusal of what Bayu does not implement. */
  PatternSyntaxException unsupported(String what) {
    return unsupported(what, at - 1);
  }

  PatternSyntaxException unsupported(String what, int index) {
    return refusal("holds " + what + place(index) + ", which Bayu does not implement", index);
  }

  /** The refusal of what tokenizers does not read either. */
  PatternSyntaxException broken(String what) {
    return broken(what, at - 1);
  }

  PatternSyntaxException broken(String what, int index) {
    return refusal("is not a regular expression of tokenizers: " + what + place(index), index);
  }

  private static String place(int index) {
    return " (at character " + (Math.max(index, 0) + 1) + ")";
  }

  private PatternSyntaxException refusal(String description, int index) {
    return new PatternSyntaxException(description, source, index);
  }
}
