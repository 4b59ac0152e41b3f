package org.bayu.finetune.sentences;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bayu.finetune.grammar.Grammar;
import org.bayu.finetune.sentences.BaseRows.Row;
import org.junit.jupiter.api.Test;

class BaseRowsTest {
  private static final int COUNT = 4000;

  private static final Pattern ATTRIBUTE = Pattern.compile("(\\w+)\\[");

  /** What a sentence spells as the meaning has it. */
  private static final Set<String> COPIED =
      Set.of("name", "developer", "release_year", "exp_release_date", "specifier");

  private static List<Row> rows(long seed, int count) throws IOException {
    var rows = new BaseRows(seed, seed % 2 == 0);
    return Stream.generate(rows::next).limit(count).toList();
  }

  @Test
  void theSeedDecidesTheRows() throws IOException {
    assertEquals(rows(3, 100), rows(3, 100));
    assertFalse(rows(3, 100).equals(rows(4, 100)));
  }

  @Test
  void sevenOfEightRowsAreInViggosGrammar() throws IOException {
    var automaton = Grammar.read(Path.of(Grammar.VIGGO)).automaton();
    var functions = new HashSet<String>();
    var games = 0;
    for (var row : rows(1, COUNT)) {
      var state = automaton.read(0, ByteBuffer.wrap(row.call().getBytes(UTF_8)));
      if (automaton.accepts(state)) {
        games++;
        functions.add(row.call().substring(0, row.call().indexOf('(')));
      }
    }
    // A question after one attribute of a trail can be in both notations.
    assertTrue(games >= COUNT * 7 / 8 && games < COUNT, games + " rows");
    assertEquals(9, functions.size(), functions.toString());
  }

  @Test
  void sentencesAreWholeAndSpellWhatAModelMustCopy() throws IOException {
    var games = new GameSentences(1, true);
    var sentences = new HashSet<String>();
    for (var i = 0; i < COUNT; i++) {
      var said = games.next();
      var text = said.text();
      sentences.add(text);
      assertTrue(text.matches("[^{}]{10,}[.?!]"), text);
      assertFalse(text.contains("  ") || text.contains(" ."), text);
      said.meaning()
          .values()
          .forEach(
              (attribute, values) -> {
                if (COPIED.contains(attribute)) {
                  values.forEach(
                      value ->
                          assertTrue(
                              text.toLowerCase(Locale.ROOT)
                                  .contains(value.toLowerCase(Locale.ROOT)),
                              said.toString()));
                }
              });
    }
    assertTrue(sentences.size() > COUNT * 0.95, sentences.size() + " different ones");
  }

  @Test
  void attributesHaveViggosOrder() throws IOException {
    for (var row : rows(5, 500)) {
      var places =
          ATTRIBUTE
              .matcher(row.call())
              .results()
              .map(attribute -> GameMeaning.ORDER.indexOf(attribute.group(1)))
              .toList();
      if (!places.contains(-1)) { // else it is about a trail
        assertEquals(places.stream().sorted().toList(), places, row.call());
      }
    }
  }
}
