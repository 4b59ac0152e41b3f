package org.bayu.finetune.sentences;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/** Says what {@link GameMeanings} makes up, by the frames and words of games.yaml. */
final class GameSentences {
  private static final Pattern SLOT = Pattern.compile("\\{([^}]+)\\}");
  private static final Pattern SENTENCE_START = Pattern.compile("(^|[.?!] )([a-z])");
  private static final Pattern VOWEL =
      Pattern.compile("^(?:[aeiouAIO8]|E\\b|E1|E-|[MFRX](?:[- ]|MO|PG|TS|PS)).*");
  private static final Pattern CONSONANT = Pattern.compile("^(?:[Uu]ni|one|[Oo]nce|use).*");

  private static final List<String> STORES =
      List.of("available_on_steam", "has_linux_release", "has_mac_release");

  /**
   * A sentence and what it means.
   *
   * @param text the sentence, or several
   * @param meaning what it says
   */
  record Said(String text, GameMeaning meaning) {}

  private final Choice choice;
  private final JsonNode phrases;
  private final GamePhrase phrase;
  private final GameMeanings meanings;

  GameSentences(long seed, boolean strange) throws IOException {
    choice = new Choice(seed);
    try (var file = GameSentences.class.getResourceAsStream("games.yaml")) {
      phrases = new YAMLMapper().readTree(Objects.requireNonNull(file));
    }
    phrase = new GamePhrase(choice, phrases);
    meanings =
        new GameMeanings(
            choice, all(phrases.path("specifiers")), all(phrases.path("superlatives")), strange);
  }

  Said next() {
    var meaning = meanings.next();
    return new Said(say(meaning), meaning);
  }

  private String say(GameMeaning meaning) {
    return switch (meaning.function()) {
      case "inform" -> inform(meaning);
      case "request_attribute" ->
          one(
              phrases
                  .path("frames")
                  .path("request_attribute")
                  .path(meaning.values().keySet().iterator().next()));
      case "request" ->
          filled(
              one(
                  phrases
                      .path("frames")
                      .path(isSuperlative(meaning) ? "request_superlative" : "request")),
              meaning,
              described(meaning));
      default ->
          filled(one(phrases.path("frames").path(meaning.function())), meaning, described(meaning));
    };
  }

  private boolean isSuperlative(GameMeaning meaning) {
    var specifier = meaning.value("specifier");
    return specifier.startsWith("most ")
        || specifier.endsWith("est")
        || all(phrases.path("superlatives")).contains(specifier);
  }

  /** What a phrase about the game may say. */
  private static List<String> described(GameMeaning meaning) {
    return meaning.values().keySet().stream()
        .filter(attribute -> !List.of("name", "specifier", "rating").contains(attribute))
        .toList();
  }

  /** One sentence, or one and short ones after it. */
  private String inform(GameMeaning meaning) {
    var first = new ArrayList<String>();
    var later = new ArrayList<String>();
    var attributes = new ArrayList<>(meaning.values().keySet());
    attributes.remove("name");
    var separate = choice.chance(0.2) ? 0 : 0.5;
    for (var attribute : attributes) {
      var store = STORES.contains(attribute);
      var apart =
          !attribute.equals("genres")
              && choice.chance(store ? 0.85 : first.size() > 3 ? 0.8 : separate);
      (apart ? later : first).add(attribute);
    }
    var text =
        new StringBuilder(filled(one(phrases.path("frames").path("inform")), meaning, first));
    for (var clause : clauses(meaning, later)) {
      var before = text.length() - 1;
      if (clause.startsWith("It ") && text.charAt(before) == '.' && choice.chance(0.2)) {
        text.setLength(before);
        text.append(choice.one(", and it ", " and it ", ", it ")).append(clause.substring(3));
      } else {
        text.append(' ').append(clause);
      }
    }
    return capitals(text.toString());
  }

  private List<String> clauses(GameMeaning meaning, List<String> attributes) {
    var clauses = new ArrayList<String>();
    var yes = new ArrayList<String>();
    var no = new ArrayList<String>();
    for (var attribute : attributes) {
      if (STORES.contains(attribute)) {
        var store =
            switch (attribute) {
              case "available_on_steam" -> "Steam";
              case "has_linux_release" -> "Linux";
              default -> choice.one("Mac", "Mac", "the Mac", "Mac OS");
            };
        (meaning.value(attribute).equals("yes") ? yes : no).add(store);
        continue;
      }
      var value = meaning.value(attribute);
      var words = phrase.words("clauses", attribute, value);
      clauses.add(
          GamePhrase.date(words, value)
              .replace(
                  "{view}",
                  attribute.equals("player_perspective")
                      ? one(phrases.path("views").path(value))
                      : ""));
    }
    var shuffled = new ArrayList<>(choice.shuffled(clauses));
    if (!yes.isEmpty() || !no.isEmpty()) {
      var frames = yes.isEmpty() ? "no" : no.isEmpty() ? "yes" : "both";
      shuffled.add(
          choice.chance(0.8) ? shuffled.size() : 0,
          one(phrases.path("stores").path(frames))
              .replace("{yes}", yes.isEmpty() ? "" : phrase.list(choice.shuffled(yes), "and"))
              .replace("{nor}", no.isEmpty() ? "" : phrase.list(choice.shuffled(no), "or"))
              .replace(
                  "{no}",
                  no.isEmpty() ? "" : phrase.list(choice.shuffled(no), choice.one("or", "and"))));
    }
    return shuffled.stream()
        .map(
            clause ->
                clause.replace(
                    "{It}",
                    choice.one("It", "It", "It", "The game", "This game", meaning.value("name"))))
        .toList();
  }

  /** The frame with the name, the feeling and the description in it. */
  private String filled(String frame, GameMeaning meaning, List<String> attributes) {
    var whole =
        frame
            .replace("{reason}", one(phrases.path("frames").path("reason")))
            .replace("{filler}", one(phrases.path("frames").path("filler")));
    var opinion = meaning.function().equals("give_opinion");
    return capitals(
        SLOT.matcher(whole)
            .replaceAll(
                slot -> {
                  var before = whole.substring(0, slot.start());
                  return Matcher.quoteReplacement(
                      slot(slot.group(1), before, meaning, attributes, opinion));
                }));
  }

  private String slot(
      String slot, String before, GameMeaning meaning, List<String> attributes, boolean speaker) {
    var rating = meaning.value("rating");
    return switch (slot) {
      case "name" -> meaning.value("name");
      case "game" -> phrase.describe(meaning, attributes, false);
      case "games", "Games" -> phrase.describe(meaning, attributes, true);
      case "a:game", "A:game" -> withArticle(phrase.describe(meaning, attributes, false));
      case "a:rgame" ->
          withArticle(
              one(phrases.path("before").path("rating").path(rating))
                  + " "
                  + phrase.describe(meaning, attributes, false));
      case "spec" -> meaning.value("specifier");
      case "a:spec" -> withArticle(meaning.value("specifier"));
      case "adj" -> one(phrases.path("before").path("rating").path(rating));
      case "was" -> one(phrases.path("was").path(rating));
      case "love" -> love(rating, before);
      case "loved" -> {
        var verb = one(phrases.path("loved").path(rating));
        yield speaker ? verb.replaceFirst("^were", "was") : verb;
      }
      default -> throw new IllegalArgumentException(slot);
    };
  }

  /** "not like" is "don't like" where no other verb stands before it. */
  private String love(String rating, String before) {
    var verb = one(phrases.path("love").path(rating));
    var finite =
        before.matches(
            "(?s).*(?:^|[.,] |that |why |how come |about \\S+ )[Yy]ou |.*I (?:usually )?");
    return finite ? verb.replaceFirst("^not ", "don't ") : verb;
  }

  private static String withArticle(String words) {
    var vowel = VOWEL.matcher(words).matches() && !CONSONANT.matcher(words).matches();
    return (vowel ? "an " : "a ") + words;
  }

  private static String capitals(String text) {
    return SENTENCE_START
        .matcher(text)
        .replaceAll(match -> match.group(1) + match.group(2).toUpperCase(Locale.ROOT));
  }

  private String one(JsonNode list) {
    return list.path(choice.number(0, list.size() - 1)).asText();
  }

  private static List<String> all(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
  }
}
