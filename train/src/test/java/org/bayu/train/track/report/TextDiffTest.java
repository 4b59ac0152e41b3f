package org.bayu.train.track.report;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class TextDiffTest {
  /** The text with what is marked in braces. */
  private static String marked(List<TextDiff.Part> parts) {
    return parts.stream()
        .map(part -> part.marked() ? "{" + part.text() + "}" : part.text())
        .collect(joining());
  }

  private static void assertDiff(String expected, String predicted, TextDiff diff) {
    assertEquals(expected, marked(diff.expected()));
    assertEquals(predicted, marked(diff.predicted()));
  }

  @Test
  void whatIsLeftOutAndWhatIsInventedIsMarked() {
    assertDiff(
        "{inform}(name[Driver], rating[average]{, has_mac[no]})",
        "{request}(name[Driver], {genres[racing], }rating[average])",
        TextDiff.of(
            "inform(name[Driver], rating[average], has_mac[no])",
            "request(name[Driver], genres[racing], rating[average])"));
  }

  @Test
  void equalTextsAreAlikeAndOthersAreNot() {
    assertEquals(1, TextDiff.of("", "").likeness());
    assertEquals(1, TextDiff.of("a b", "a b").likeness());
    assertEquals(0, TextDiff.of("a", "b").likeness());
    assertEquals(0, TextDiff.of("a", "").likeness());
    assertEquals(0.5, TextDiff.of("aa bb", "aa cc, d").likeness(), 0.05);
  }

  @Test
  void wordsAndCharactersStayWhole() {
    assertDiff("{Pokémon} 👍🏽{!}", "{Pokemon} 👍🏽", TextDiff.of("Pokémon 👍🏽!", "Pokemon 👍🏽"));
  }

  @Test
  void longTextsAreComparedAtTheirEndsOnly() {
    var middle = "x y ".repeat(2000);
    var diff = TextDiff.of("a " + middle + "b z", "a " + middle.toUpperCase(Locale.ROOT) + "c z");
    assertTrue(diff.likeness() < 0.01);
    assertEquals("a ", diff.expected().getFirst().text());
    assertEquals(" z", diff.predicted().getLast().text());
  }
}
