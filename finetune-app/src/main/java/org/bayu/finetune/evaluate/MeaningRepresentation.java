package org.bayu.finetune.evaluate;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A function call as the tutorial's evaluation finds it in a text, however malformed: {@code
 * name(key[value], key[value])}.
 *
 * @param function the name before the text's first parenthesis; null if the text does not begin
 *     with one
 * @param attributes every {@code key[value]} of the text; of equal keys the last
 */
record MeaningRepresentation(@Nullable String function, Map<String, String> attributes) {
  /** Python's {@code \w+}: Java's also takes marks and joiners. */
  static final String WORD = "([\\p{L}\\p{N}_]+)";

  private static final Pattern SPACE_AROUND = pattern("^[\\s\\x1c-\\x1f]+|[\\s\\x1c-\\x1f]+$");
  private static final Pattern FUNCTION = pattern(WORD + "\\(");
  private static final Pattern ATTRIBUTE = pattern(WORD + "\\[([^\\]]*)\\]");

  /** Reads a text, its case and the space around it aside. */
  static MeaningRepresentation parse(String text) {
    var normal = SPACE_AROUND.matcher(text).replaceAll("").toLowerCase(Locale.ROOT);
    var function = FUNCTION.matcher(normal);
    var attributes = new LinkedHashMap<String, String>();
    for (var attribute = ATTRIBUTE.matcher(normal); attribute.find(); ) {
      attributes.put(attribute.group(1), attribute.group(2));
    }
    return new MeaningRepresentation(function.lookingAt() ? function.group(1) : null, attributes);
  }

  /** With Python's notion of letters and space, as the tutorial's own code has it. */
  private static Pattern pattern(String regex) {
    return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS);
  }
}
