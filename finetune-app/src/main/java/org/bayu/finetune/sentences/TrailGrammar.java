package org.bayu.finetune.sentences;

import static org.bayu.finetune.sentences.Attribute.DIFFICULTY;
import static org.bayu.finetune.sentences.Attribute.DOGS;
import static org.bayu.finetune.sentences.Attribute.HUT;
import static org.bayu.finetune.sentences.Attribute.LENGTH;
import static org.bayu.finetune.sentences.Attribute.NAME;
import static org.bayu.finetune.sentences.Attribute.RATING;
import static org.bayu.finetune.sentences.Attribute.REGION;
import static org.bayu.finetune.sentences.Attribute.SEASON;
import static org.bayu.finetune.sentences.Attribute.SIGHTS;
import static org.bayu.finetune.sentences.Attribute.SURFACE;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Says a {@link Meaning} in English: a sentence frame for the intent, around a phrase that
 * describes the trail. Every choice of words is the random numbers'.
 */
final class TrailGrammar {
  private static final Map<String, List<String>> DIFFICULTIES =
      Map.of(
          "easy", List.of("easy", "gentle", "simple"),
          "moderate", List.of("moderate", "not too hard", "medium"),
          "hard", List.of("hard", "tough", "demanding"));

  private static final Map<String, List<String>> SURFACES =
      Map.of(
          "gravel", List.of("gravel"),
          "rock", List.of("rocky", "stony"),
          "grass", List.of("grassy", "green"),
          "sand", List.of("sandy"));

  private static final Map<String, List<String>> RATINGS =
      Map.of(
          "excellent", List.of("excellent", "fantastic", "wonderful"),
          "good", List.of("good", "nice", "pleasant"),
          "average", List.of("average", "so-so", "nothing special"),
          "poor", List.of("poor", "terrible", "disappointing"));

  private static final List<String> TRAILS = List.of("trail", "hike", "walk", "path", "route");

  private static final Map<Intent, List<String>> FRAMES =
      Map.of(
          Intent.DESCRIBE,
          List.of(
              "{name} is {trail}.",
              "There is {trail} called {name}.",
              "{name}? That is {trail}.",
              "Let me tell you about {name}, {trail}."),
          Intent.CONFIRM,
          List.of(
              "You mean {name}, {trail}, right?",
              "So {name} is {trail}, is that correct?",
              "Just to be sure, you said {name}, {trail}?",
              "Did I get it right that {name} is {trail}?"),
          Intent.REVIEW,
          List.of(
              "I think {name} is {rating}, as it is {trail}.",
              "To me {name} was {rating}. It is {trail}.",
              "{name}, {trail}, is {rating} if you ask me.",
              "We walked {name} last year and found it {rating}, {trail}."),
          Intent.RECOMMEND,
          List.of(
              "Have you heard of {name}? It is {trail}.",
              "You might like {name}, {trail}.",
              "If you want {trail}, then try {name}!",
              "How about {name}? It is {trail}."),
          Intent.FIND,
          List.of(
              "I am looking for {trail}.",
              "Can you find me {trail}?",
              "Is there {trail}?",
              "We would like to walk {trail}. What do you have?"),
          Intent.ASK_WHY,
          List.of(
              "Why do you think {trail} is {rating}?",
              "What makes {trail} {rating} in your eyes?",
              "You say {trail} is {rating}. Why?",
              "How can {trail} be {rating} for you?"));

  private final Choice choice;

  TrailGrammar(Choice choice) {
    this.choice = choice;
  }

  /** A sentence that says the meaning and nothing else. */
  String say(Meaning meaning) {
    var sentence = choice.one(FRAMES.getOrDefault(meaning.intent(), List.of()));
    var trail = trail(meaning);
    // A phrase that ends with conditions is set off by commas on both sides.
    sentence = sentence.replace("{trail} ", trail.contains(", ") ? trail + ", " : trail + " ");
    sentence = sentence.replace("{trail}", trail);
    if (meaning.mentions(NAME)) {
      sentence = sentence.replace("{name}", meaning.value(NAME));
    }
    if (meaning.mentions(RATING)) {
      sentence = sentence.replace("{rating}", word(RATINGS, meaning.value(RATING)));
    }
    return sentence;
  }

  /** For example: a hard rocky trail of 12 km past a lake, closed to dogs and best in autumn. */
  private String trail(Meaning meaning) {
    var words = new ArrayList<String>();
    if (meaning.mentions(DIFFICULTY)) {
      words.add(word(DIFFICULTIES, meaning.value(DIFFICULTY)));
    }
    if (meaning.mentions(SURFACE)) {
      words.add(word(SURFACES, meaning.value(SURFACE)));
    }
    words.add(choice.one(TRAILS));
    words.addAll(choice.shuffled(places(meaning)));
    var phrase = withArticle(String.join(" ", words));
    var more = choice.shuffled(conditions(meaning));
    return more.isEmpty() ? phrase : phrase + ", " + joined(more);
  }

  private List<String> places(Meaning meaning) {
    var places = new ArrayList<String>();
    if (meaning.mentions(LENGTH)) {
      places.add(choice.one("of %s", "over %s").formatted(meaning.value(LENGTH)));
    }
    if (meaning.mentions(REGION)) {
      places.add(choice.one("in %s", "near %s", "around %s").formatted(meaning.value(REGION)));
    }
    if (meaning.mentions(SIGHTS)) {
      var sights = meaning.values(SIGHTS).stream().map(TrailGrammar::withArticle).toList();
      places.add(choice.one("past %s", "with %s", "along %s").formatted(joined(sights)));
    }
    return places;
  }

  private List<String> conditions(Meaning meaning) {
    var conditions = new ArrayList<String>();
    if (meaning.mentions(SEASON)) {
      conditions.add(
          choice
              .one("best in %s", "at its best in %s", "made for %s")
              .formatted(meaning.value(SEASON)));
    }
    if (meaning.mentions(HUT)) {
      conditions.add(
          meaning.value(HUT).equals("yes")
              ? choice.one("with a hut on the way", "offering a hut for the night")
              : choice.one("without any hut", "with no hut on the way"));
    }
    if (meaning.mentions(DOGS)) {
      conditions.add(
          meaning.value(DOGS).equals("yes")
              ? choice.one("open to dogs", "where dogs are welcome")
              : choice.one("closed to dogs", "where dogs must stay at home"));
    }
    return conditions;
  }

  private static String joined(List<String> phrases) {
    var last = phrases.size() - 1;
    return last == 0
        ? phrases.getFirst()
        : String.join(", ", phrases.subList(0, last)) + " and " + phrases.get(last);
  }

  private static String withArticle(String phrase) {
    return ("aeiou".indexOf(phrase.charAt(0)) < 0 ? "a " : "an ") + phrase;
  }

  private String word(Map<String, List<String>> words, String value) {
    return choice.one(words.getOrDefault(value, List.of(value)));
  }
}
