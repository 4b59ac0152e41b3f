package org.bayu.llama.tokenizer;

import static org.bayu.llama.tokenizer.EncodeOption.PARSE_SPECIAL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Added tokens of all files; added-tokens.json is what Transformers makes of them. */
class AddedTokenFilesTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/tokenizer");
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder = Path.of("");

  static Stream<JsonNode> cases() throws IOException {
    var cases = MAPPER.readTree(GOLDEN.resolve("added-tokens.json").toFile());
    return cases.valueStream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void addedTokensAreThoseOfTransformers(JsonNode example) throws IOException {
    var name = example.get("name").textValue();
    var tokenizer = load(example);
    for (var text : example.get("ids").properties()) {
      var expected = new IntArrayList();
      text.getValue().forEach(id -> expected.add(id.intValue()));
      assertEquals(
          expected, tokenizer.encode(text.getKey(), PARSE_SPECIAL), name + ": " + text.getKey());
    }
    for (var added : example.get("added").properties()) {
      int id = added.getValue().get(0).intValue();
      assertEquals(OptionalInt.of(id), tokenizer.id(added.getKey()), name);
      assertEquals(added.getValue().get(1).booleanValue(), tokenizer.isSpecial(id), name);
    }
    if (!example.get("eos").isNull()) {
      assertEquals(OptionalInt.of(example.get("eos").intValue()), tokenizer.eosId(), name);
    }
  }

  private LlamaTokenizer load(JsonNode example) throws IOException {
    var source = GOLDEN.resolve(example.get("form").textValue());
    if (Files.exists(source.resolve("tokenizer.model"))) {
      Files.copy(source.resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
    } else {
      var json = (ObjectNode) MAPPER.readTree(source.resolve("tokenizer.json").toFile());
      example.get("own").forEach(json.withArray("added_tokens")::add);
      MAPPER.writeValue(folder.resolve("tokenizer.json").toFile(), json);
    }
    for (var file : example.get("files").properties()) {
      MAPPER.writeValue(folder.resolve(file.getKey()).toFile(), file.getValue());
    }
    return LlamaTokenizer.load(folder);
  }

  @Test
  void aNoteOfLongNamesIsShort() throws IOException {
    var tokens = new TreeMap<String, Integer>();
    for (var i = 0; i < 3; i++) {
      tokens.put("<" + "i".repeat(100 + i) + ">", 600 + i);
    }
    MAPPER.writeValue(folder.resolve("added_tokens.json").toFile(), tokens);
    var notes = new ModelFile().pieces("▁", "a").load(folder).notes();
    assertEquals(1, notes.size());
    assertTrue(notes.getFirst().length() <= 360, notes.getFirst());
    assertTrue(notes.getFirst().endsWith("not 602 (added_tokens.json)."), notes.getFirst());
  }

  @Test
  void anIdBehindAHoleIsTheNextThatIsFreeAndANoteSaysSo() throws IOException {
    write("added_tokens.json", "{\"<tool>\": 600}");
    var tokenizer = new ModelFile().pieces("▁", "a").load(folder);
    assertEquals(OptionalInt.of(5), tokenizer.id("<tool>"));
    assertEquals(
        List.of(
            "As in Transformers 5 an added token takes the next free id: <tool> has the id 5, not"
                + " 600 (added_tokens.json)."),
        tokenizer.notes());
  }

  @Test
  void spacesAroundAnAddedTokenAreKeptThoughTheModelRemovesExtraOnes() throws IOException {
    write("added_tokens.json", "{\"<tool>\": 6}");
    var tokenizer =
        new ModelFile().pieces("▁", "a", "x").normalizer(n -> n.varint(4, 1)).load(folder);
    assertEquals(OptionalInt.of(6), tokenizer.id("<tool>"));
    assertEquals(IntList.of(6, 5), tokenizer.encode("<tool>x"));
    assertEquals(IntList.of(3, 4, 3, 6, 3, 5), tokenizer.encode("a <tool> x"));
    // Runs are still one, and the ends of the text lose theirs.
    assertEquals(IntList.of(3, 4, 3, 6, 3, 5), tokenizer.encode("  a  <tool>   x "));
    assertEquals(IntList.of(6), tokenizer.encode(" <tool> "));
    assertEquals("a <tool> x", tokenizer.decode(tokenizer.encode("a <tool> x")));
  }

  @Test
  void theFingerprintFollowsEveryFile() throws IOException {
    var before = new ModelFile().pieces("▁", "a").load(folder).fingerprint();
    write("added_tokens.json", "{\"<tool>\": 5}");
    var added = LlamaTokenizer.load(folder).fingerprint();
    assertFalse(before.equals(added));
    write("special_tokens_map.json", "{\"eos_token\": \"<tool>\"}");
    var named = LlamaTokenizer.load(folder);
    assertFalse(added.equals(named.fingerprint()));
    assertEquals(OptionalInt.of(5), named.eosId());
    assertTrue(named.isSpecial(5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "added_tokens.json | {\"<tool>\": \"5\"} | <tool> is not a 32-bit integer",
        "added_tokens.json | {\"<tool>\": -1} | <tool> is not a token and its id",
        "added_tokens.json | [] | holds no JSON object",
        "special_tokens_map.json | {\"eos_token\": 5} | eos_token is not a token",
        "special_tokens_map.json | {\"eos_token\": \"\"} | eos_token is not a token",
        "special_tokens_map.json | {\"eos_token\": \"<x>\"} | eos_token is \"<x>\", which the"
            + " vocabulary does not have",
        "special_tokens_map.json | {\"pad_token\": {}} | pad_token.content is missing",
        "special_tokens_map.json | {\"additional_special_tokens\": [3]} |"
            + " additional_special_tokens[0] is not a token",
        "tokenizer_config.json | {\"added_tokens_decoder\": {\"-3\": {\"content\": \"x\"}}} |"
            + " added_tokens_decoder.-3 is not a token id",
        "tokenizer_config.json | {\"added_tokens_decoder\": {\"x\": {\"content\": \"x\"}}} |"
            + " added_tokens_decoder.x is not a token id",
      })
  void whatIsNoTokenIsRefusedByName(String file, String content, String reason) throws IOException {
    write(file, content);
    var refusal =
        assertThrows(
            MalformedFileException.class, () -> new ModelFile().pieces("▁", "a").load(folder));
    assertEquals(folder.resolve(file) + ": " + reason, refusal.getMessage());
  }

  private void write(String file, String content) throws IOException {
    Files.writeString(folder.resolve(file), content);
  }
}
