package org.bayu.finetune.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The function call in a text, to the letter: case counts, and so does each of several attributes
 * with the same key. {@link MeaningRepresentation} is the tutorial's looser reading.
 *
 * @param function the name before the first parenthesis; null if the text does not begin with one
 * @param attributes every {@code key[value]} in the text's order
 * @param isWellFormed whether the text is {@code name(key[value], key[value])} and nothing else,
 *     space aside
 */
record FunctionCall(
    @Nullable String function, List<FunctionCall.Attribute> attributes, boolean isWellFormed) {
  private static final Pattern FUNCTION = pattern("\\s*" + MeaningRepresentation.WORD + "\\(");
  private static final Pattern ATTRIBUTE =
      pattern(MeaningRepresentation.WORD + "\\[([^\\[\\]]*)\\]");
  private static final Pattern BETWEEN = pattern("\\s*,\\s*");
  private static final Pattern END = pattern("\\s*\\)\\s*");

  /** An attribute with its value. */
  record Attribute(String key, String value) {
    @Override
    public String toString() {
      return key + "[" + value + "]";
    }
  }

  static FunctionCall parse(String text) {
    var function = FUNCTION.matcher(text);
    var name = function.lookingAt() ? Objects.requireNonNull(function.group(1)) : null;
    var attributes = new ArrayList<Attribute>();
    var isWellFormed = name != null;
    var end = name == null ? 0 : function.end();
    for (var attribute = ATTRIBUTE.matcher(text); attribute.find(); end = attribute.end()) {
      var before = text.substring(end, attribute.start());
      isWellFormed &= attributes.isEmpty() ? before.isBlank() : BETWEEN.matcher(before).matches();
      attributes.add(
          new Attribute(
              Objects.requireNonNull(attribute.group(1)),
              Objects.requireNonNull(attribute.group(2))));
    }
    isWellFormed &= END.matcher(text.substring(end)).matches();
    return new FunctionCall(name, List.copyOf(attributes), isWellFormed);
  }

  private static Pattern pattern(String regex) {
    return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS);
  }
}
