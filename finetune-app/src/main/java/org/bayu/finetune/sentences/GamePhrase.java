package org.bayu.finetune.sentences;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Describes a game by some of its attributes: words before a noun, the noun, and words after it.
 */
final class GamePhrase {
  private static final List<String> BEFORE =
      List.of(
          "rating",
          "release_year",
          "esrb",
          "available_on_steam",
          "has_linux_release",
          "has_mac_release",
          "platforms",
          "developer",
          "has_multiplayer",
          "player_perspective");

  private final Choice choice;
  private final JsonNode phrases;

  GamePhrase(Choice choice, JsonNode phrases) {
    this.choice = choice;
    this.phrases = phrases;
  }

  /**
   * A phrase without an article.
   *
   * @param attributes that it says
   * @param many true for "games", false for "game"
   */
  String describe(GameMeaning meaning, List<String> attributes, boolean many) {
    var before = new ArrayList<String>();
    var after = new ArrayList<String>();
    for (var attribute : choice.chance(0.3) ? choice.shuffled(BEFORE) : BEFORE) {
      if (!attributes.contains(attribute)) {
        continue;
      }
      var value = meaning.value(attribute);
      var words = words("before", attribute, value);
      if (words != null && choice.chance(attribute.equals("developer") ? 0.25 : 0.6)) {
        before.add(words);
      } else {
        var later = words("after", attribute, value);
        after.add(later == null ? value : later);
      }
    }
    if (attributes.contains("exp_release_date")) {
      after.add(date(words("after", "exp_release_date", "*"), meaning.value("exp_release_date")));
    }
    var noun = choice.chance(0.88) ? "game" : "title";
    if (attributes.contains("genres")) {
      var genres = choice.shuffled(meaning.values().getOrDefault("genres", List.of()));
      before.add(genreAdjectives(genres.subList(0, genres.size() - 1)));
      noun = genre(genres.getLast(), 1);
    }
    before.removeIf(String::isEmpty);
    return Stream.of(String.join(" ", before), many ? plural(noun) : noun, joined(after))
        .filter(part -> !part.isEmpty())
        .reduce((left, right) -> left + " " + right)
        .map(words -> many ? agreeing(words) : words)
        .orElseThrow();
  }

  /** Of several games one says "that are". */
  private static String agreeing(String words) {
    return words
        .replace("that is ", "that are ")
        .replace("that isn't ", "that aren't ")
        .replace("that's ", "that are ")
        .replace("that has ", "that have ")
        .replace("that lacks ", "that lack ")
        .replace("that runs ", "that run ");
  }

  private String genreAdjectives(List<String> genres) {
    var words = genres.stream().map(genre -> genre(genre, 0)).toList();
    var between = choice.chance(0.2) ? " and " : choice.chance(0.2) ? ", " : " ";
    var end = words.isEmpty() ? "" : choice.chance(0.15) ? " and" : choice.chance(0.1) ? "," : "";
    return String.join(between, words) + end;
  }

  /** The list has pairs of an adjective and a noun. */
  private String genre(String genre, int place) {
    var words = phrases.path("genres").path(genre);
    return words.path(2 * choice.number(0, words.size() / 2 - 1) + place).asText();
  }

  private static String plural(String noun) {
    return noun.equals("RTS") ? "RTS games" : noun + "s";
  }

  private String joined(List<String> after) {
    var parts = choice.shuffled(after);
    if (parts.size() == 2 && choice.chance(0.3)) {
      return parts.get(0) + " and " + parts.get(1);
    }
    return String.join(choice.chance(0.15) ? ", " : " ", parts);
  }

  /** Words that say one value, or null if there are none in that place. */
  @Nullable String words(String place, String attribute, String value) {
    var byValue = phrases.path(place).path(attribute);
    var list = byValue.path(value).isMissingNode() ? byValue.path("*") : byValue.path(value);
    if (list.isEmpty()) {
      return null;
    }
    var text = list.path(choice.number(0, list.size() - 1)).asText();
    return text.replace("{the}", attribute.equals("platforms") ? platforms(value) : "")
        .replace("{value}", attribute.equals("exp_release_date") ? "{value}" : value);
  }

  /** A year alone has another preposition. */
  static String date(@Nullable String words, String date) {
    var text = words == null ? "{value}" : words;
    return (date.contains(",") ? text : text.replace("on {value}", "in {value}"))
        .replace("{value}", date);
  }

  private String platforms(String value) {
    var names = List.of(value.split(", "));
    var ordered = choice.chance(0.3) ? choice.shuffled(names) : names;
    return (choice.chance(0.4) ? "the " : "") + list(ordered, "and");
  }

  /** For example: PlayStation, Xbox, and PC. */
  String list(List<String> items, String word) {
    var last = items.size() - 1;
    if (last == 0) {
      return items.getFirst();
    }
    return String.join(", ", items.subList(0, last))
        + (last > 1 && choice.chance(0.5) ? ", " : " ")
        + word
        + " "
        + items.get(last);
  }
}
