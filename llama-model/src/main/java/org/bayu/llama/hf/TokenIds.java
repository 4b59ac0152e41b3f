package org.bayu.llama.hf;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.bayu.tensor.io.Printable;

/** Token ids as configurations name them: a number, a list of numbers, or null. */
final class TokenIds {
  private TokenIds() {}

  /** The ids of a list or of a single number; complaints go to {@code problems}. */
  static List<Integer> all(JsonNode object, String key, Consumer<String> problems) {
    var value = object.path(key);
    if (!value.isArray()) {
      var single = single(object, key, problems);
      return single.isPresent() ? List.of(single.getAsInt()) : List.of();
    }
    var ids = new ArrayList<Integer>();
    for (var id : value) {
      if (!isInt(id) || id.intValue() < 0) {
        problems.accept("%s holds %s, not a token".formatted(key, Printable.name(id.toString())));
      } else if (!ids.contains(id.intValue())) {
        ids.add(id.intValue());
      }
    }
    return ids;
  }

  /** The id of a single token; some files say −1 for none. */
  static OptionalInt single(JsonNode object, String key, Consumer<String> problems) {
    var value = object.path(key);
    if (!object.hasNonNull(key)) {
      return OptionalInt.empty();
    }
    if (!isInt(value)) {
      problems.accept("%s is %s, not a token".formatted(key, Printable.name(value.toString())));
      return OptionalInt.empty();
    }
    return value.intValue() < 0 ? OptionalInt.empty() : OptionalInt.of(value.intValue());
  }

  private static boolean isInt(JsonNode value) {
    return value.isIntegralNumber() && value.canConvertToInt();
  }
}
