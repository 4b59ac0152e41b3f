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
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
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

  private static final int LONGEST_KM = 24;

  /** One trail in five is kept for validation. */
  private static final int VALIDATION_SHARE = 5;

  private final Random random;
  private final TrailGrammar grammar;
  private final List<String> names;
  private final Set<String> said = new HashSet<>();

  public TrailSentences(long seed) {
    random = new Random(seed);
    grammar = new TrailGrammar(random);
    names = names();
    Collections.shuffle(names, random);
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
    var intent = one(List.of(Intent.values()));
    var values = new EnumMap<Attribute, List<String>>(Attribute.class);
    switch (intent) {
      case DESCRIBE -> {
        values.put(NAME, List.of(one(trails)));
        addFacts(values, 3 + random.nextInt(4));
      }
      case CONFIRM, RECOMMEND -> {
        values.put(NAME, List.of(one(trails)));
        addFacts(values, 2 + random.nextInt(2));
      }
      case REVIEW -> {
        values.put(NAME, List.of(one(trails)));
        add(values, RATING);
        addFacts(values, 1 + random.nextInt(3));
      }
      case FIND -> addFacts(values, 1 + random.nextInt(4));
      case ASK_WHY -> {
        add(values, RATING);
        addFacts(values, 1 + random.nextInt(3));
      }
    }
    return new Meaning(intent, values);
  }

  private void addFacts(Map<Attribute, List<String>> values, int count) {
    var facts =
        new ArrayList<>(List.of(REGION, LENGTH, DIFFICULTY, SURFACE, SIGHTS, SEASON, HUT, DOGS));
    Collections.shuffle(facts, random);
    facts.subList(0, count).forEach(fact -> add(values, fact));
  }

  private void add(Map<Attribute, List<String>> values, Attribute attribute) {
    if (attribute == LENGTH) {
      values.put(LENGTH, List.of(2 + random.nextInt(LONGEST_KM - 1) + " km"));
      return;
    }
    var choices = new ArrayList<>(VALUES.getOrDefault(attribute, List.of()));
    Collections.shuffle(choices, random);
    var count = attribute == SIGHTS ? 1 + random.nextInt(3) : 1;
    values.put(attribute, List.copyOf(choices.subList(0, count)));
  }

  private <T> T one(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }
}
