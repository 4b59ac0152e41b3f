package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pieces that tokenizers' {@code pre_tokenize_str} gives. */
class PreTokenizerTest {
  /** Cuts by a pre-tokenizer that is written as JSON with single quotes. */
  private static List<String> cut(String json, String text) throws IOException {
    return cut(new ObjectMapper().readTree(json.replace('\'', '"')), text);
  }

  private static List<String> cut(JsonNode json, String text) throws IOException {
    var cutter = PreTokenizer.read(new JsonObject(Path.of("tokenizer.json"), "", json));
    var pieces = cutter.cut(Pieces.whole(text, /* beginsInput= */ true));
    var texts = new ArrayList<String>();
    for (int i = 0; i < pieces.count(); i++) {
      texts.add(pieces.text().substring(pieces.start(i), pieces.end(i)));
    }
    return texts;
  }

  @Test
  void llama3sExpressionFollowsUnicode() throws IOException {
    var split = new ObjectMapper().createObjectNode().put("type", "Split");
    split.putObject("pattern").put("Regex", PreTokenizer.LLAMA3);
    split.put("behavior", "Isolated");
    assertEquals(List.of("it", "'ſ", " x", "'S", " '", "Ll"), cut(split, "it'ſ x'S 'Ll"));
    assertEquals(
        List.of("a", "\u0085b", " ", "\u00A0c", "\u3000", "\u3000d"),
        cut(split, "a\u0085b \u00A0c\u3000\u3000d"));
    assertEquals(List.of("x", "\u001Cy", " \u200B", " z"), cut(split, "x\u001Cy \u200B z"));
    assertEquals(List.of("  \n\n", " ", " a"), cut(split, "  \n\n  a"));
    assertEquals(List.of("½Ⅷ１", "２３４"), cut(split, "½Ⅷ１２３４"));
    assertEquals(List.of("😀é", "\u0301"), cut(split, "😀é\u0301"));
  }

  @ParameterizedTest
  @CsvSource({
    "MergedWithPrevious, a|a|bba|a|ca|ba|a",
    "MergedWithNext, a|abb|a|ac|ab|a|a",
    "Contiguous, aa|bb|aa|c|a|b|aa",
    "Removed, bb|c|b",
    "Isolated, a|a|bb|a|a|c|a|b|a|a",
  })
  void splitTreatsItsMatchesAsItsBehaviorSays(String behavior, String expected) throws IOException {
    var json = "{'type': 'Split', 'pattern': {'String': 'a'}, 'behavior': '" + behavior + "'}";
    assertEquals(List.of(expected.split("\\|")), cut(json, "aabbaacabaa"));
  }

  @Test
  void anInvertedSplitMatchesWhatLiesBetween() throws IOException {
    var json =
        "{'type': 'Split', 'pattern': {'String': 'a'}, 'behavior': 'Removed', 'invert': true}";
    assertEquals(List.of("a", "a", "a", "a", "a", "a", "a"), cut(json, "aabbaacabaa"));
  }

  @Test
  void digitsAreCutFromTheRestAndEachOther() throws IOException {
    assertEquals(
        List.of("a", "1", "2", "½", "b"),
        cut("{'type': 'Digits', 'individual_digits': true}", "a12½b"));
    assertEquals(
        List.of("a", "12½", "b"), cut("{'type': 'Digits', 'individual_digits': false}", "a12½b"));
  }

  @Test
  void byteLevelBringsGpt2sExpressionAndASpace() throws IOException {
    assertEquals(
        List.of(" Hello", " ", " you", "'s", " \n\n", " x"),
        cut("{'type': 'ByteLevel', 'add_prefix_space': true}", "Hello  you's \n\n x"));
  }

  @Test
  void metaspaceAddsItsSpaceAsItsSchemeSays() throws IOException {
    var metaspace =
        "{'type': 'Metaspace', 'replacement': '▁', 'split': %s, 'prepend_scheme': '%s'}";
    assertEquals(
        List.of("▁", "▁", "▁Hello", "▁", "▁you", "▁"),
        cut(metaspace.formatted(true, "always"), "   Hello  you "));
    assertEquals(List.of("▁Hello▁x"), cut(metaspace.formatted(false, "first"), "Hello x"));
    assertEquals(List.of("▁Hello"), cut(metaspace.formatted(false, "first"), " Hello"));
    assertEquals(List.of("Hello"), cut(metaspace.formatted(false, "never"), "Hello"));
    var afterSplit =
        "{'type': 'Sequence', 'pretokenizers': [{'type': 'Split', 'pattern': {'String': ' '},"
            + " 'behavior': 'Removed'}, %s]}";
    assertEquals(
        List.of("Hello", "x"),
        cut(afterSplit.formatted(metaspace.formatted(false, "first")), " Hello x"));
    assertEquals(
        List.of("▁Hello", "▁x"),
        cut(afterSplit.formatted(metaspace.formatted(false, "always")), " Hello x"));
  }

  @Test
  void metaspaceOfOlderFilesSaysAddPrefixSpace() throws IOException {
    var metaspace = "{'type': 'Metaspace', 'replacement': '▁', 'add_prefix_space': %s}";
    assertEquals(List.of("▁a", "▁b"), cut(metaspace.formatted(true), "a b"));
    assertEquals(List.of("a", "▁b"), cut(metaspace.formatted(false), "a b"));
  }
}
