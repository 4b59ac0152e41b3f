package org.bayu.finetune.sentences;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a sentence about a game says.
 *
 * @param function what the speaker wants
 * @param values of each attribute that the sentence mentions, in {@link #ORDER}; none if the
 *     sentence asks about the attribute itself
 */
record GameMeaning(String function, Map<String, List<String>> values) {

  /** The attributes of ViGGO, in the order that its meanings have them in. */
  static final List<String> ORDER =
      List.of(
          "name",
          "exp_release_date",
          "release_year",
          "developer",
          "esrb",
          "rating",
          "genres",
          "player_perspective",
          "has_multiplayer",
          "platforms",
          "available_on_steam",
          "has_linux_release",
          "has_mac_release",
          "specifier");

  GameMeaning {
    var ordered = new TreeMap<String, List<String>>((a, b) -> ORDER.indexOf(a) - ORDER.indexOf(b));
    ordered.putAll(values);
    values = Collections.unmodifiableMap(ordered);
  }

  /** The value, or all of them with commas between them. */
  String value(String attribute) {
    return String.join(", ", values.getOrDefault(attribute, List.of()));
  }

  /** For example: {@code inform(name[Karto II], genres[indie, puzzle])}. */
  @Override
  public String toString() {
    return values.keySet().stream()
        .map(attribute -> attribute + "[" + value(attribute) + "]")
        .collect(Collectors.joining(", ", function + "(", ")"));
  }
}
