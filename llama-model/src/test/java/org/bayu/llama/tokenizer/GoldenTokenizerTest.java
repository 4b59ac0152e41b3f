package org.bayu.llama.tokenizer;

import static org.bayu.llama.tokenizer.EncodeOption.BOS;
import static org.bayu.llama.tokenizer.EncodeOption.EOS;
import static org.bayu.llama.tokenizer.EncodeOption.PARSE_SPECIAL;
import static org.bayu.llama.tokenizer.EncodeOption.TEMPLATE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What sentencepiece and tokenizers make of tricky texts; see tools/golden/README.md. */
class GoldenTokenizerTest {
  private static final Path FOLDER = Path.of("src/test/resources/golden/tokenizer");

  /**
   * Where tokenizers replaces a whole run of bytes because one of them is broken, Bayu replaces the
   * broken ones, as sentencepiece does: a stream could not be decoded otherwise.
   */
  private static final Map<String, String> BROKEN_RUNS =
      Map.of("\uFFFD".repeat(5), "\uFFFD\uFFFD雪", "\uFFFD".repeat(6), "🙂\uFFFD\uFFFD");

  @ParameterizedTest
  @ValueSource(strings = {"sentencepiece", "legacy", "metaspace", "byte-level"})
  void textsGiveTheLibrarysIds(String form) throws IOException {
    var tokenizer = LlamaTokenizer.load(FOLDER.resolve(form));
    for (var expected : cases(form).get("encode")) {
      var text = expected.get("text").textValue();
      assertEquals(ids(expected.get("ids")), tokenizer.encode(text), text);
      assertEquals(ids(expected.get("idsWithBos")), tokenizer.encode(text, TEMPLATE), text);
      assertEquals(ids(expected.get("idsWithBos")), tokenizer.encode(text, BOS), text);
      if (expected.has("idsParsingSpecials")) {
        assertEquals(
            ids(expected.get("idsParsingSpecials")), tokenizer.encode(text, PARSE_SPECIAL), text);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sentencepiece", "legacy", "metaspace", "byte-level"})
  void idsGiveTheLibrarysText(String form) throws IOException {
    var tokenizer = LlamaTokenizer.load(FOLDER.resolve(form));
    var cases = cases(form);
    for (var expected : cases.get("encode")) {
      assertDecodes(expected.get("decoded").textValue(), ids(expected.get("ids")), tokenizer);
    }
    for (var expected : cases.get("decode")) {
      var text = expected.get("text").textValue();
      var ours = form.equals("byte-level") ? text : BROKEN_RUNS.getOrDefault(text, text);
      assertDecodes(ours, ids(expected.get("ids")), tokenizer);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sentencepiece", "legacy", "metaspace", "byte-level"})
  void eosIsTheTextsSpelledEosParsed(String form) throws IOException {
    var tokenizer = LlamaTokenizer.load(FOLDER.resolve(form));
    var eos = tokenizer.eosText().orElseThrow();
    for (var example : cases(form).get("encode")) {
      var text = example.get("text").textValue();
      if (tokenizer.encode(text).equals(tokenizer.encode(text, PARSE_SPECIAL))) {
        assertEquals(
            tokenizer.encode(text + eos, TEMPLATE, PARSE_SPECIAL),
            tokenizer.encode(text, TEMPLATE, EOS),
            text);
      }
    }
  }

  @Test
  void bothFormsOfOneVocabularyGiveTheSameIds() throws IOException {
    var model = LlamaTokenizer.load(FOLDER.resolve("sentencepiece"));
    var json = LlamaTokenizer.load(FOLDER.resolve("legacy"));
    for (var example : cases("legacy").get("encode")) {
      var text = example.get("text").textValue();
      assertEquals(model.encode(text), json.encode(text), text);
    }
  }

  /** As Transformers 5 reads tokenizer.model; tokenizer.json's normalizer has its space there. */
  @Test
  void noSpaceStandsBehindASpecialTokenOfTokenizerModel() throws IOException {
    var model = LlamaTokenizer.load(FOLDER.resolve("sentencepiece"));
    assertEquals(
        model.piece(model.encode("a<s>b", PARSE_SPECIAL).getInt(2)), "b", "without U+2581");
    assertEquals(IntList.of(1), model.encode("<s>", PARSE_SPECIAL));
  }

  @Test
  void threadsThatShareATokenizerGetTheSameIds() throws IOException {
    var alone = LlamaTokenizer.load(FOLDER.resolve("byte-level"));
    var shared = LlamaTokenizer.load(FOLDER.resolve("byte-level"));
    var texts = new ArrayList<String>();
    cases("byte-level")
        .get("encode")
        .forEach(example -> texts.add(example.get("text").textValue()));
    var ids = texts.stream().map(alone::encode).toList();
    for (int round = 0; round < 20; round++) {
      assertEquals(ids, texts.parallelStream().map(shared::encode).toList());
    }
  }

  private static void assertDecodes(String text, IntList ids, LlamaTokenizer tokenizer) {
    assertEquals(text, tokenizer.decode(ids), ids.toString());
    var decoder = tokenizer.newDecoder();
    var streamed = new StringBuilder();
    ids.forEach(id -> streamed.append(decoder.push(id)));
    assertEquals(text, streamed.append(decoder.finish()).toString(), ids.toString());
  }

  private static JsonNode cases(String form) throws IOException {
    return new ObjectMapper().readTree(FOLDER.resolve(form).resolve("cases.json").toFile());
  }

  private static IntList ids(JsonNode array) {
    var ids = new IntArrayList();
    array.forEach(id -> ids.add(id.intValue()));
    return ids;
  }
}
