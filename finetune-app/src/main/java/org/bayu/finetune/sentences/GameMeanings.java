package org.bayu.finetune.sentences;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes up what is said about games, with as many attributes as ViGGO's meanings have. */
final class GameMeanings {
  private static final List<String> GENRES =
      List.of(
          "action",
          "action-adventure",
          "adventure",
          "arcade",
          "driving/racing",
          "fighting",
          "hack-and-slash",
          "indie",
          "MMORPG",
          "music",
          "pinball",
          "platformer",
          "point-and-click",
          "puzzle",
          "real-time strategy",
          "role-playing",
          "shooter",
          "simulation",
          "sport",
          "strategy",
          "tactical",
          "text adventure",
          "trivia/board game",
          "turn-based strategy",
          "vehicular combat");

  private static final List<String> VIEWS =
      List.of(
          "first person",
          "third person",
          "bird view",
          "side view",
          "first person, third person",
          "third person",
          "bird view, third person",
          "bird view, side view",
          "bird view, first person",
          "side view, third person",
          "bird view, first person, third person");

  private static final List<String> RATINGS = List.of("excellent", "good", "average", "poor");

  private static final List<String> AGES =
      List.of(
          "E (for Everyone)",
          "E 10+ (for Everyone 10 and Older)",
          "T (for Teen)",
          "M (for Mature)");

  private static final List<String> MONTHS =
      List.of(
          "January",
          "February",
          "March",
          "April",
          "May",
          "June",
          "July",
          "August",
          "September",
          "October",
          "November",
          "December");

  /** What describes a game, other than its rating; some come more often. */
  private static final List<String> FACTS =
      List.of(
          "developer",
          "developer",
          "genres",
          "genres",
          "player_perspective",
          "platforms",
          "has_multiplayer",
          "esrb",
          "release_year",
          "available_on_steam",
          "has_linux_release",
          "has_mac_release");

  private static final List<String> STORES =
      List.of("available_on_steam", "has_linux_release", "has_mac_release");

  private final Choice choice;
  private final GameNames names;
  private final MadeUpWords words;
  private final boolean strange;
  private final List<String> functions;
  private final List<String> specifiers;
  private final List<String> superlatives;

  /**
   * Meanings whose random numbers come from {@code choice}.
   *
   * @param strange whether most names and specifiers are of random letters
   */
  GameMeanings(Choice choice, List<String> specifiers, List<String> superlatives, boolean strange) {
    this.choice = choice;
    this.names = new GameNames(choice, strange);
    this.words = new MadeUpWords(choice);
    this.strange = strange;
    this.functions = functions(strange);
    this.specifiers = specifiers;
    this.superlatives = superlatives;
  }

  /**
   * What {@link GameMeaning#function} is, about as often as in ViGGO. Of the rare ones there are
   * more where the names are strange: specifiers are theirs.
   */
  private static List<String> functions(boolean strange) {
    var functions = new ArrayList<String>();
    var shares =
        Map.of(
            "inform", 44,
            "give_opinion", 12,
            "verify_attribute", 11,
            "request", strange ? 16 : 8,
            "recommend", 7,
            "request_explanation", 7,
            "confirm", 7,
            "suggest", 7,
            "request_attribute", strange ? 4 : 1);
    shares.keySet().stream()
        .sorted()
        .forEach(
            function ->
                functions.addAll(Collections.nCopies(shares.getOrDefault(function, 0), function)));
    return List.copyOf(functions);
  }

  GameMeaning next() {
    var function = choice.one(functions);
    var values = new HashMap<String, List<String>>();
    switch (function) {
      case "inform" -> {
        add(values, "name");
        add(values, "genres");
        if (choice.chance(0.05)) {
          add(values, "exp_release_date");
        }
        var facts =
            new ArrayList<>(
                List.of(
                    "player_perspective",
                    "rating",
                    "release_year",
                    "platforms",
                    "has_multiplayer",
                    "developer",
                    "esrb",
                    "stores"));
        if (values.containsKey("exp_release_date")) {
          facts.removeAll(List.of("release_year", "rating"));
        }
        addFacts(values, facts, choice.number(1, 5));
      }
      case "give_opinion", "verify_attribute" -> {
        add(values, "name");
        add(values, "rating");
        addFacts(values, FACTS, choice.chance(0.2) ? 1 : 2);
      }
      case "recommend", "confirm", "suggest" -> {
        add(values, "name");
        addFacts(values, FACTS, choice.chance(0.3) ? 1 : 2);
        if (function.equals("confirm") && choice.chance(0.05)) {
          values.remove("release_year");
          add(values, "exp_release_date");
        }
      }
      case "request_explanation" -> {
        add(values, "rating");
        addFacts(values, FACTS, choice.chance(0.3) ? 1 : 2);
      }
      case "request" -> {
        values.put("specifier", List.of(specifier(choice.chance(0.3))));
        addFacts(values, FACTS, choice.chance(0.35) ? 0 : choice.chance(0.8) ? 1 : 2);
      }
      default -> {
        var asked = new ArrayList<>(GameMeaning.ORDER);
        asked.removeAll(List.of("name", "exp_release_date", "rating", "specifier"));
        values.put(choice.one(asked), List.of());
      }
    }
    return new GameMeaning(function, values);
  }

  private String specifier(boolean superlative) {
    if (strange && choice.chance(0.7)) {
      return superlative ? words.superlative() : words.adjective();
    }
    return choice.one(superlative ? superlatives : specifiers);
  }

  private void addFacts(Map<String, List<String>> values, List<String> facts, int count) {
    var left = new ArrayList<>(choice.shuffled(facts));
    for (var i = 0; i < count && !left.isEmpty(); i++) {
      var fact = left.getFirst();
      left.removeIf(fact::equals);
      if (fact.equals("stores")) {
        choice
            .some(STORES, choice.chance(0.7) ? 3 : choice.number(1, 2))
            .forEach(store -> add(values, store));
      } else {
        add(values, fact);
      }
    }
  }

  private void add(Map<String, List<String>> values, String attribute) {
    values.put(
        attribute,
        switch (attribute) {
          case "name" -> List.of(names.game());
          case "developer" -> List.of(names.developer());
          case "release_year" -> List.of(Integer.toString(choice.number(1980, 2022)));
          case "exp_release_date" -> List.of(date());
          case "esrb" -> List.of(choice.one(AGES));
          case "rating" -> List.of(choice.one(RATINGS));
          case "genres" -> choice.some(GENRES, choice.one(1, 1, 2, 2, 2, 3));
          case "player_perspective" ->
              List.of(VIEWS.get(choice.number(0, choice.chance(0.7) ? 3 : VIEWS.size() - 1)));
          case "platforms" -> platforms();
          default -> List.of(choice.one("yes", "no"));
        });
  }

  private List<String> platforms() {
    var all =
        choice.chance(0.3)
            ? List.of("PlayStation", "Xbox", "Nintendo Switch", "PC")
            : List.of("PlayStation", "Xbox", "Nintendo", "PC");
    return choice.some(all, choice.one(1, 1, 1, 1, 2, 3, 3, 4));
  }

  private String date() {
    var year = choice.number(2018, 2026);
    return choice.chance(0.15)
        ? Integer.toString(year)
        : choice.one(MONTHS) + " " + choice.number(1, 30) + ", " + year;
  }
}
