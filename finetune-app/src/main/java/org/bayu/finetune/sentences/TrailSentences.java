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
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes up trails and sentences about them. No sentence comes twice, and the validation sentences
 * are about trails whose names no training sentence has. The same seed gives the same sentences.
 */
public final class TrailSentences {

  /**
   * A sentence and what it means.
   *
   * @param text the sentence
   * @param meaning what it says
   */
  public record Sentence(String text, Meaning meaning) {}

  private static final List<String> FIRST =
      List.of(
          "Silver", "Misty", "Golden", "Hidden", "Windy", "Quiet", "Crooked", "Lonely", "Old",
          "Upper");

  private static final List<String> SECOND =
      List.of(
          "Heron",
          "Fox",
          "Otter",
          "Eagle",
          "Cedar",
          "Maple",
          "Raven",
          "Badger",
          "Willow",
          "Shepherd");

  private static final List<String> THIRD =
      List.of("Ridge", "Valley", "Loop", "Pass", "Gorge", "Circuit");

  private static final Map<Attribute, List<String>> VALUES =
      Map.of(
          REGION,
          List.of(
              "Northmoor",
              "Eastmark",
              "Ulverdale",
              "Torvik",
              "Lowfen",
              "Brannoch",
              "Sundale",
              "Merrow",
              "Highfold",
              "Castleford",
              "Glenross",
              "Vallery"),
          DIFFICULTY,
          List.of("easy", "moderate", "hard"),
          SURFACE,
          List.of("gravel", "rock", "grass", "sand"),
          SIGHTS,
          List.of("lake", "waterfall", "forest", "meadow", "canyon", "castle"),
          SEASON,
          List.of("spring", "summer", "autumn", "winter"),
          HUT,
          List.of("yes", "no"),
          DOGS,
          List.of("yes", "no"),
          RATING,
          List.of("excellent", "good", "average", "poor"));

  private static final List<Attribute> FACTS =
      List.of(REGION, LENGTH, DIFFICULTY, SURFACE, SIGHTS, SEASON, HUT, DOGS);

  private static final int LONGEST_KM = 24;

  /** One trail in five is kept for validation. */
  private static final int VALIDATION_SHARE = 5;

  private final Choice choice;
  private final TrailGrammar grammar;
  private final List<String> names;
  private final Set<String> said = new HashSet<>();

  public TrailSentences(long seed) {
    choice = new Choice(seed);
    grammar = new TrailGrammar(choice);
    names = choice.shuffled(names());
  }

  /** More sentences to train with. */
  public List<Sentence> training(int count) {
    return sentences(count, names.subList(names.size() / VALIDATION_SHARE, names.size()));
  }

  /** More sentences to validate with. */
  public List<Sentence> validation(int count) {
    return sentences(count, names.subList(0, names.size() / VALIDATION_SHARE));
  }

  private List<Sentence> sentences(int count, List<String> trails) {
    var sentences = new ArrayList<Sentence>(count);
    while (sentences.size() < count) {
      var meaning = meaning(trails);
      var text = grammar.say(meaning);
      if (said.add(text)) {
        sentences.add(new Sentence(text, meaning));
      }
    }
    return sentences;
  }

  private static List<String> names() {
    var names = new ArrayList<String>();
    for (var second : SECOND) {
      for (var third : THIRD) {
        names.add(second + " " + third);
        for (var first : FIRST) {
          names.add(first + " " + second + " " + third);
        }
      }
    }
    return names;
  }

  private Meaning meaning(List<String> trails) {
    var intent = choice.one(Intent.values());
    var values = new EnumMap<Attribute, List<String>>(Attribute.class);
    switch (intent) {
      case DESCRIBE -> {
        values.put(NAME, List.of(choice.one(trails)));
        addFacts(values, choice.number(3, 6));
      }
      case CONFIRM, RECOMMEND -> {
        values.put(NAME, List.of(choice.one(trails)));
        addFacts(values, choice.number(2, 3));
      }
      case REVIEW -> {
        values.put(NAME, List.of(choice.one(trails)));
        add(values, RATING);
        addFacts(values, choice.number(1, 3));
      }
      case FIND -> addFacts(values, choice.number(1, 4));
      case ASK_WHY -> {
        add(values, RATING);
        addFacts(values, choice.number(1, 3));
      }
    }
    return new Meaning(intent, values);
  }

  private void addFacts(Map<Attribute, List<String>> values, int count) {
    choice.shuffled(FACTS).subList(0, count).forEach(fact -> add(values, fact));
  }

  private void add(Map<Attribute, List<String>> values, Attribute attribute) {
    if (attribute == LENGTH) {
      values.put(LENGTH, List.of(choice.number(2, LONGEST_KM) + " km"));
      return;
    }
    var all = choice.shuffled(VALUES.getOrDefault(attribute, List.of()));
    var count = attribute == SIGHTS ? choice.number(1, 3) : 1;
    values.put(attribute, List.copyOf(all.subList(0, count)));
  }
}
