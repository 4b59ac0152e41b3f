package org.bayu.llama.tokenizer;

import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.bayu.tensor.io.MalformedFileException;

/** The patterns of {@code tokenizer.json}, as Java's regular expressions. */
final class TextPattern {
  private TextPattern() {}

  /**
   * Reads {@code pattern: {"String": …}} or {@code pattern: {"Regex": …}} of a component.
   *
   * <p>Such expressions are written for Oniguruma, whose classes and whose {@code (?i:)} follow
   * Unicode: {@code \s} holds U+0085 and U+3000, and {@code (?i:s)} matches U+017F.
   */
  static Pattern read(JsonObject component) throws MalformedFileException {
    var pattern = component.object("pattern");
    if (pattern.has("String")) {
      return literal(pattern.string("String"));
    }
    try {
      return regex(pattern.string("Regex"));
    } catch (PatternSyntaxException e) {
      throw component.malformed(
          "pattern.Regex",
          "is not a regular expression that Java reads: "
              + e.getDescription()
              + " at index "
              + e.getIndex());
    }
  }

  /** Reads {@code pattern} and {@code content}: what each match is replaced by. */
  static UnaryOperator<String> readReplacement(JsonObject component) throws MalformedFileException {
    var content = component.string("content");
    if (component.object("pattern").has("String")) {
      var literal = component.object("pattern").string("String");
      if (literal.isEmpty()) {
        throw component.malformed("pattern.String", "is empty");
      }
      return text -> text.replace(literal, content);
    }
    var pattern = read(component);
    var quoted = Matcher.quoteReplacement(content);
    return text -> pattern.matcher(text).replaceAll(quoted);
  }

  static Pattern literal(String text) {
    return Pattern.compile(text, Pattern.LITERAL);
  }

  static Pattern regex(String expression) {
    return Pattern.compile(expression, Pattern.UNICODE_CHARACTER_CLASS);
  }
}
