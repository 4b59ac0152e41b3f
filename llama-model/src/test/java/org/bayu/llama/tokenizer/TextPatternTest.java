package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Patterns of tokenizer.json; patterns.json is where tokenizers cuts. */
class TextPatternTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static JsonNode golden(String key) throws IOException {
    var file = Path.of("src/test/resources/golden/tokenizer/patterns.json");
    return MAPPER.readTree(file.toFile()).get(key);
  }

  static Stream<JsonNode> models() throws IOException {
    return golden("models").valueStream();
  }

  static Stream<JsonNode> syntax() throws IOException {
    return golden("syntax").valueStream();
  }

  static Stream<String> broken() throws IOException {
    return golden("broken").valueStream().map(JsonNode::textValue);
  }

  private static PreTokenizer split(String pattern, String behavior) throws IOException {
    var json = MAPPER.createObjectNode().put("type", "Split").put("behavior", behavior);
    json.putObject("pattern").put("Regex", pattern);
    return PreTokenizer.read(new JsonObject(Path.of("tokenizer.json"), "pre_tokenizer", json));
  }

  private static List<String> cut(PreTokenizer preTokenizer, String text) {
    var pieces = preTokenizer.cut(Pieces.whole(text, /* beginsInput= */ true));
    var texts = new ArrayList<String>();
    for (int i = 0; i < pieces.count(); i++) {
      texts.add(pieces.text().substring(pieces.start(i), pieces.end(i)));
    }
    return texts;
  }

  @ParameterizedTest
  @MethodSource("models")
  void patternsOfKnownModelsCutWhereTokenizersCuts(JsonNode model) throws IOException {
    var stages = new ArrayList<PreTokenizer>();
    for (var pattern : model.get("patterns")) {
      stages.add(split(pattern.textValue(), "Isolated"));
    }
    var texts = golden("texts");
    for (int i = 0; i < texts.size(); i++) {
      var text = texts.get(i).textValue();
      var lengths = new ArrayList<Integer>();
      model.get("cuts").get(i).forEach(length -> lengths.add(length.intValue()));
      var cut = cut(PreTokenizer.sequence(stages), text);
      assertEquals(lengths, cut.stream().map(String::length).toList(), text);
    }
  }

  @ParameterizedTest
  @MethodSource("syntax")
  void patternsMeanWhatTheyMeanToOniguruma(JsonNode example) throws IOException {
    var pattern = example.get("pattern").textValue();
    var expected = new ArrayList<String>();
    example.get("pieces").forEach(piece -> expected.add(piece.textValue()));
    assertEquals(
        expected,
        cut(split(pattern, example.get("behavior").textValue()), example.get("text").textValue()),
        pattern);
  }

  @ParameterizedTest
  @MethodSource("broken")
  void whatTokenizersRefusesIsRefused(String pattern) {
    assertThrows(MalformedFileException.class, () -> split(pattern, "Isolated"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '"',
      value = {
        "(a)\\1 ¦ holds the escape \\1 (at character 4), which Bayu does not implement",
        "a\\Gb ¦ holds the escape \\G (at character 2), which Bayu does not implement",
        "\\X ¦ holds the escape \\X (at character 1), which Bayu does not implement",
        "\\pL ¦ holds \\p without braces (at character 1), which Bayu does not implement",
        "(?~ab) ¦ holds the group (?~ (at character 1), which Bayu does not implement",
        "(?W:a) ¦ holds the group (?W (at character 1), which Bayu does not implement",
        "(*FAIL) ¦ holds a callout (at character 1), which Bayu does not implement",
        "a{3,2} ¦ holds a repetition whose first number is the greater one (at character 3), which"
            + " Bayu does not implement",
        "(?:a{999}){999} ¦ holds a part that is repeated more than 100,000 times (at character 15),"
            + " which Bayu does not implement",
        "(?:a*|b*){12} ¦ holds a part that matches nothing in more than 1000 ways (at character"
            + " 13), which Bayu does not implement",
        "(?<=(?:ab)+)b ¦ holds a look-behind without a greatest length, which Bayu does not"
            + " implement",
        "(?i:é) ¦ holds a letter beyond ASCII where case does not count (at character 5), which"
            + " Bayu does not implement",
        "(?i:grass) ¦ holds \"ss\" where case does not count (at character 9), which Bayu does not"
            + " implement",
        "(?i:[\\p{L}]) ¦ holds \\p{L} in a class where case does not count (at character 6), which"
            + " Bayu does not implement",
        "[[:foo:]] ¦ holds the class [:foo:] (at character 2), which Bayu does not implement",
        "\\p{InGreek} ¦ holds the property \"InGreek\" (at character 1), which Bayu does not"
            + " implement",
        "(?P<n>a) ¦ is not a regular expression of tokenizers: it has no group (?P, only (?<name>"
            + " (at character 1)",
        "(a ¦ is not a regular expression of tokenizers: a parenthesis is not closed (at character"
            + " 2)",
      })
  void whatBayuDoesNotImplementIsRefusedByName(String pattern, String reason) {
    var refusal = assertThrows(MalformedFileException.class, () -> split(pattern, "Isolated"));
    assertEquals("pre_tokenizer.pattern.Regex " + reason, refusal.reason());
  }

  @ParameterizedTest
  @Timeout(60)
  @CsvSource({
    "(a|b)+, 200000, goes too deep for a text of 200,000 characters",
    "a+c, 10000, takes too many steps for a text of 10,000 characters",
  })
  void aPatternThatTakesTooLongIsRefusedByName(String pattern, int length, String what)
      throws IOException {
    var split = split(pattern, "Isolated");
    var refusal = assertThrows(UncheckedIOException.class, () -> cut(split, "a".repeat(length)));
    var message = String.valueOf(refusal.getCause());
    assertTrue(message.contains("\"" + pattern + "\""), message);
    assertTrue(message.contains(what), message);
  }

  @Test
  void aCharacterIsNotCutInTwo() throws IOException {
    assertEquals(List.of("a😀", "b"), cut(split("(?<!a)", "Isolated"), "a😀b"));
    assertEquals(List.of("x", "😀", "a"), cut(split("a*", "Isolated"), "x😀a"));
  }
}
