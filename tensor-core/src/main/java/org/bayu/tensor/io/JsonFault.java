package org.bayu.tensor.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The first fault of a text that is not JSON as {@link StrictJson} reads it, in plain words. The
 * parser only says that there is one.
 *
 * @param at index of the character at which the fault is
 */
record JsonFault(String reason, int at) {
  /** What to throw because of {@code text}, at which a parser stopped. */
  static InvalidJsonException of(String text, @Nullable Exception parsers) {
    var fault = find(text);
    if (fault == null) {
      var place = parsers instanceof JsonProcessingException e ? e.getLocation() : null;
      var at = place == null ? 0 : Math.clamp(place.getCharOffset(), 0, text.length());
      fault = new JsonFault("it cannot be read from here on", at);
    }
    return fault.exception(text, parsers);
  }

  /** The first fault, or null. */
  static @Nullable JsonFault find(String text) {
    try {
      new Scanner(text).document();
      return null;
    } catch (FoundException e) {
      return e.fault;
    }
  }

  InvalidJsonException exception(String text, @Nullable Throwable cause) {
    var line = 1;
    var begin = 0;
    for (var i = 0; i < at; i++) {
      var c = text.charAt(i);
      if (c == '\n' || (c == '\r' && text.charAt(i + 1 < text.length() ? i + 1 : i) != '\n')) {
        line++;
        begin = i + 1;
      }
    }
    return new InvalidJsonException(reason, line, text.codePointCount(begin, at) + 1, cause);
  }

  private static final class FoundException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient JsonFault fault;

    private FoundException(String reason, int at) {
      super(reason, null, false, false);
      fault = new JsonFault(reason, at);
    }
  }

  /** Reads over the text, keeping nothing but where it is. */
  private static final class Scanner {
    private final String text;
    private final Deque<Level> levels = new ArrayDeque<>();
    private int at;

    /** An object or array that has begun. */
    private record Level(char end, Set<String> keys) {
      String kind() {
        return end == '}' ? "an object" : "an array";
      }
    }

    Scanner(String text) {
      this.text = text;
    }

    void document() throws FoundException {
      if (text.startsWith("\ufeff")) {
        throw fault("it begins with a byte order mark; save it as UTF-8 without one");
      }
      space();
      if (at == text.length()) {
        throw fault("it is empty");
      }
      do {
        value();
        while (!levels.isEmpty() && !another()) {
          levels.pop();
        }
      } while (!levels.isEmpty());
      space();
      if (at < text.length()) {
        throw fault(
            "{[".indexOf(peek()) >= 0
                ? "a second value begins, where the text should end"
                : shown() + " stands behind the end of its value");
      }
    }

    /** One value; of an object or array that is not empty only the beginning. */
    private void value() throws FoundException {
      while (true) {
        space();
        var c = peek();
        if (c == '"') {
          string(StrictJson.MAX_TEXT, "the text is");
          return;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
          number();
          return;
        } else if (c != '{' && c != '[') {
          word();
          return;
        }
        at++;
        levels.push(new Level(c == '{' ? '}' : ']', new HashSet<>()));
        if (levels.size() > StrictJson.MAX_DEPTH) {
          at--;
          throw fault("objects and arrays are nested more than " + StrictJson.MAX_DEPTH + " deep");
        }
        space();
        if (peek() == levels.element().end) {
          at++;
          levels.pop();
          return;
        }
        key();
      }
    }

    /** Whether the innermost level goes on; then the scanner stands before its next value. */
    private boolean another() throws FoundException {
      var level = levels.element();
      space();
      var c = peek();
      if (c == level.end) {
        at++;
        return false;
      }
      if (c != ',') {
        throw fault("a comma or " + level.end + " is missing before " + shown());
      }
      at++;
      space();
      if (peek() == level.end) {
        throw fault("there is a comma before " + level.end);
      }
      key();
      return true;
    }

    /** In an object, the key of the next value. */
    private void key() throws FoundException {
      var level = levels.element();
      if (level.end != '}') {
        return;
      }
      space();
      var begin = at;
      if (peek() != '"') {
        throw fault("a key in double quotes is missing before " + shown());
      }
      var key = string(StrictJson.MAX_KEY, "the key is");
      if (!level.keys.add(key)) {
        at = begin;
        throw fault("the key " + Printable.quote(key) + " is given twice");
      }
      space();
      if (peek() != ':') {
        throw fault("a colon is missing behind the key " + Printable.quote(key));
      }
      at++;
    }

    private String string(int limit, String what) throws FoundException {
      var begin = at++;
      var content = new StringBuilder();
      for (var c = peek(); c != '"'; c = peek()) {
        if (c == '\\') {
          content.append(escape());
          continue;
        }
        if (c < ' ') {
          throw fault(
              c == '\n' || c == '\r'
                  ? "a line ends within a text; write \\n for a line break"
                  : "the character " + unit(c) + " stands in a text; write it as " + unit(c));
        }
        content.append(c);
        at++;
      }
      at++;
      if (content.length() > limit) {
        at = begin;
        throw fault(what + " longer than " + limit + " characters");
      }
      for (var i = 0; i < content.length(); i++) {
        var codePoint = content.codePointAt(i);
        if (Character.getType(codePoint) == Character.SURROGATE) {
          at = begin;
          throw fault("the text has " + unit(codePoint) + ", which is half a character");
        }
        i += Character.charCount(codePoint) - 1;
      }
      return content.toString();
    }

    private char escape() throws FoundException {
      at++;
      var c = peek();
      var known = "\"\\/bfnrt".indexOf(c);
      if (known >= 0) {
        at++;
        return "\"\\/\b\f\n\r\t".charAt(known);
      }
      if (c != 'u') {
        at--;
        throw fault(
            "\\" + Printable.escape(String.valueOf(c)) + " means nothing; write \\\\ for a \\");
      }
      var digits = text.substring(++at, Math.min(at + 4, text.length()));
      if (digits.matches("[0-9a-fA-F]{4}")) {
        at += 4;
        return (char) Integer.parseInt(digits, 16);
      }
      throw fault("\\u is not followed by four hexadecimal digits");
    }

    private void number() throws FoundException {
      var begin = at;
      if (peek() == '-') {
        at++;
      }
      var digits = at;
      digits("a digit is missing behind the minus");
      if (at > digits + 1 && text.charAt(digits) == '0') {
        at = begin;
        throw fault("a number begins with 0");
      }
      if (at < text.length() && text.charAt(at) == '.') {
        at++;
        digits("a digit is missing behind the decimal point");
      }
      if (at < text.length() && (text.charAt(at) | 0x20) == 'e') {
        at++;
        if (at < text.length() && "+-".indexOf(text.charAt(at)) >= 0) {
          at++;
        }
        var exponent = at;
        digits("a digit is missing in the exponent");
        if (at - exponent > StrictJson.MAX_EXPONENT) {
          at = begin;
          throw fault(
              "the number's exponent is longer than " + StrictJson.MAX_EXPONENT + " digits");
        }
      }
      if (at - begin > StrictJson.MAX_DIGITS) {
        at = begin;
        throw fault("the number is longer than " + StrictJson.MAX_DIGITS + " characters");
      }
    }

    private void digits(String missing) throws FoundException {
      var begin = at;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      if (at == begin) {
        peek();
        throw fault(missing);
      }
    }

    private void word() throws FoundException {
      var begin = at;
      while (at < text.length() && Character.isLetterOrDigit(text.charAt(at))) {
        at++;
      }
      var word = text.substring(begin, at);
      if (word.equals("true") || word.equals("false") || word.equals("null")) {
        return;
      }
      at = begin;
      if (!word.isEmpty()) {
        throw fault("the word " + Printable.quote(word) + " is not JSON");
      }
      throw fault(
          switch (peek()) {
            case '\'' -> "texts stand in double quotes, not in single ones";
            case '/', '#' -> "JSON has no comments";
            case ',', ':', ']', '}' -> "a value is missing before " + peek();
            default -> shown() + " does not belong here";
          });
    }

    private void space() {
      while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }

    /** The next character; refuses the end. */
    private char peek() throws FoundException {
      if (at == text.length()) {
        var inside = levels.isEmpty() ? "its value" : levels.element().kind();
        throw fault("it ends within " + inside + "; perhaps it was cut short");
      }
      return text.charAt(at);
    }

    /** The next character for a message. */
    private String shown() {
      return Printable.escape(Character.toString(text.codePointAt(at)));
    }

    private static String unit(int c) {
      return String.format(Locale.ROOT, "\\u%04x", c);
    }

    private FoundException fault(String reason) {
      return new FoundException(reason, at);
    }
  }
}
