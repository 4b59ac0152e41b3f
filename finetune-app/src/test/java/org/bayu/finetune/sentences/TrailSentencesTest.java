package org.bayu.finetune.sentences;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bayu.finetune.sentences.TrailSentences.Sentence;
import org.junit.jupiter.api.Test;

class TrailSentencesTest {
  private static final Pattern CALL =
      Pattern.compile("\\w+\\(\\w+\\[[^\\[\\]]+](, \\w+\\[[^\\[\\]]+])*\\)");

  private final TrailSentences sentences = new TrailSentences(1);
  private final List<Sentence> training = sentences.training(2000);
  private final List<Sentence> validation = sentences.validation(500);

  @Test
  void noSentenceComesTwice() {
    var texts = Stream.concat(training.stream(), validation.stream()).map(Sentence::text);
    assertEquals(2500, texts.distinct().count());
  }

  @Test
  void validationNamesAreNotInTraining() {
    var seen = names(training).collect(Collectors.toSet());
    assertTrue(seen.size() > 400, () -> seen.size() + " names");
    names(validation).forEach(name -> assertFalse(seen.contains(name), name));
  }

  @Test
  void theSeedDecidesTheSentences() {
    assertEquals(training, new TrailSentences(1).training(2000));
    assertNotEquals(training, new TrailSentences(2).training(2000));
  }

  @Test
  void meaningsAreInViggosForm() {
    for (var notation : List.of(Notation.BASE, Notation.CHANGED)) {
      for (var sentence : training) {
        var call = notation.write(sentence.meaning());
        assertTrue(CALL.matcher(call).matches(), call);
      }
    }
  }

  @Test
  void everyIntentAndAttributeOccursInBothSets() {
    for (var set : List.of(training, validation)) {
      var intents = EnumSet.noneOf(Intent.class);
      var attributes = EnumSet.noneOf(Attribute.class);
      for (var sentence : set) {
        intents.add(sentence.meaning().intent());
        attributes.addAll(sentence.meaning().values().keySet());
      }
      assertEquals(EnumSet.allOf(Intent.class), intents);
      assertEquals(EnumSet.allOf(Attribute.class), attributes);
    }
  }

  @Test
  void sentencesSayTheValuesThatAreCopied() {
    for (var sentence : training) {
      sentence
          .meaning()
          .values()
          .forEach(
              (attribute, values) -> {
                switch (attribute) {
                  case NAME, REGION, LENGTH, SIGHTS, SEASON ->
                      values.forEach(
                          value ->
                              assertTrue(sentence.text().contains(value), sentence.toString()));
                  default -> {}
                }
              });
      assertFalse(sentence.text().contains("{"), sentence.text());
    }
  }

  @Test
  void theSameSentenceAlwaysMeansTheSame() {
    // Seeds draw many short sentences in common.
    var meanings = new HashMap<String, Meaning>();
    var repeated = 0;
    for (var seed = 1; seed <= 8; seed++) {
      for (var sentence : new TrailSentences(seed).training(2000)) {
        var earlier = meanings.put(sentence.text(), sentence.meaning());
        if (earlier != null) {
          assertEquals(earlier, sentence.meaning(), sentence.text());
          repeated++;
        }
      }
    }
    assertTrue(repeated > 100, repeated + " sentences in common");
  }

  private static Stream<String> names(List<Sentence> sentences) {
    return sentences.stream()
        .map(Sentence::meaning)
        .filter(meaning -> meaning.mentions(Attribute.NAME))
        .map(meaning -> meaning.value(Attribute.NAME));
  }
}
