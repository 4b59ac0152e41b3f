package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/** A pattern of {@code tokenizer.json}: a text, or a regular expression as Oniguruma reads it. */
final class TextPattern {
  private final Pattern pattern;
  private final String source;
  private final @Nullable JsonObject component;

  private TextPattern(Pattern pattern, String source, @Nullable JsonObject component) {
    this.pattern = pattern;
    this.source = source;
    this.component = component;
  }

  /** Reads {@code pattern: {"String": …}} or {@code pattern: {"Regex": …}} of a component. */
  static TextPattern read(JsonObject component) throws MalformedFileException {
    var pattern = component.object("pattern");
    if (pattern.has("String")) {
      return literal(pattern.string("String"));
    }
    try {
      var source = pattern.string("Regex");
      return new TextPattern(OnigurumaPattern.compile(source), source, component);
    } catch (PatternSyntaxException e) {
      throw component.malformed("pattern.Regex", e.getDescription());
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
      return content.length() <= Growth.FACTOR * literal.length()
          ? text -> text.replace(literal, content)
          : replacement(literal(literal), content, component);
    }
    return replacement(read(component), content, component);
  }

  private static UnaryOperator<String> replacement(
      TextPattern pattern, String content, JsonObject component) {
    return text -> pattern.replace(text, content, component);
  }

  static TextPattern literal(String text) {
    return new TextPattern(Pattern.compile(text, Pattern.LITERAL), text, null);
  }

  /** An expression of Bayu's own. */
  static TextPattern regex(String expression) {
    return new TextPattern(OnigurumaPattern.compile(expression), expression, null);
  }

  /**
   * Finds the matches in a part of a text, which is all that they see. As in tokenizers an empty
   * match counts, except right behind another match.
   *
   * @param edges gets the start and the end of each match
   * @throws UncheckedIOException when the work is out of all proportion to the text
   */
  void find(String text, int start, int end, IntArrayList edges) {
    var part = new BoundedText(text, start, end);
    try {
      var matcher = pattern.matcher(part);
      int lastEnd = -1;
      boolean found = matcher.find();
      while (found) {
        if (matcher.start() < matcher.end()) {
          edges.add(start + matcher.start());
          edges.add(start + matcher.end());
          lastEnd = start + matcher.end();
          found = matcher.find();
          continue;
        }
        int place = start + matcher.end();
        if (place != lastEnd && !Characters.isInsidePair(text, place)) {
          edges.add(place);
          edges.add(place);
        }
        lastEnd = place;
        found =
            place < end
                && matcher.find(place - start + Character.charCount(text.codePointAt(place)));
      }
    } catch (BoundedText.TooMuchWork e) {
      throw refusal("takes too many steps", end - start, e);
    } catch (StackOverflowError e) {
      throw refusal("goes too deep", end - start, e);
    }
  }

  private String replace(String text, String content, JsonObject replacing) {
    var edges = new IntArrayList();
    find(text, 0, text.length(), edges);
    long most = text.length() + (long) content.length() * (edges.size() / 2);
    Growth.check(replacing, text.length(), most);
    var result = new StringBuilder(text.length());
    int done = 0;
    for (int i = 0; i < edges.size(); i += 2) {
      result.append(text, done, edges.getInt(i)).append(content);
      done = edges.getInt(i + 1);
    }
    return result.append(text, done, text.length()).toString();
  }

  private RuntimeException refusal(String what, int length, Throwable cause) {
    var reason =
        String.format(
            Locale.ROOT,
            "%s %s for a text of %,d characters. Cut the text into shorter ones",
            Printable.quote(source),
            what,
            length);
    return component == null
        ? new IllegalStateException(reason, cause)
        : new UncheckedIOException(component.malformed("pattern.Regex", reason));
  }
}
