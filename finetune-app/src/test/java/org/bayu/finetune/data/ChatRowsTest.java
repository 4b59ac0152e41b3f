package org.bayu.finetune.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.train.TokenizedExample;
import org.bayu.train.data.ExampleTokenizer;
import org.bayu.train.data.PromptTemplate;
import org.bayu.train.data.PromptedRow;
import org.bayu.train.data.RowReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows and chat markers; chat-rows.json is what Transformers makes of them. */
class ChatRowsTest {
  private static final Path FIXTURE = Path.of("src/test/resources/golden/chat-rows.json");
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir private Path folder;
  private JsonNode fixture = JSON.nullNode();

  @BeforeEach
  void read() throws IOException {
    fixture = JSON.readTree(FIXTURE.toFile());
  }

  private PromptTemplate template() {
    var prompts = fixture.get("prompts");
    return new PromptTemplate(
        prompts.get("prompt_input").textValue(), prompts.get("prompt_no_input").textValue());
  }

  /** A golden tokenizer with the markers as added tokens. */
  private LlamaTokenizer tokenizer(String form) throws IOException {
    var files = fixture.get("forms").get(form);
    var golden = TestFiles.golden("tokenizer").resolve(form);
    var file = files.get("file").textValue();
    Files.copy(golden.resolve(file), folder.resolve(file));
    var config = (ObjectNode) JSON.readTree(golden.resolve("tokenizer_config.json").toFile());
    config.remove("legacy");
    config.set("added_tokens_decoder", files.get("added_tokens_decoder"));
    Files.writeString(folder.resolve("tokenizer_config.json"), config.toString());
    return LlamaTokenizer.load(folder);
  }

  private List<PromptedRow> rows(JsonNode rows, boolean specialTokens) throws IOException {
    var lines = new StringBuilder();
    rows.forEach(row -> lines.append(row).append('\n'));
    var file = Files.writeString(folder.resolve("rows.jsonl"), lines);
    var prompted = new ArrayList<PromptedRow>();
    new RowReader(template(), RowReader.Output.REQUIRED, false, specialTokens)
        .read(file, prompted::add);
    return prompted;
  }

  private static IntList ids(JsonNode array) {
    var ids = new IntArrayList();
    array.forEach(id -> ids.add(id.intValue()));
    return ids;
  }

  private List<TokenizedExample> expected(String form) {
    var examples = new ArrayList<TokenizedExample>();
    for (var example : fixture.get("forms").get(form).get("examples")) {
      examples.add(
          new TokenizedExample(ids(example.get("tokens")), example.get("sourceLength").intValue()));
    }
    return examples;
  }

  @ParameterizedTest
  @ValueSource(strings = {"sentencepiece", "metaspace", "byte-level"})
  void aTemplatesMarkersAreTheTokensThatTransformersMakes(String form) throws IOException {
    var tokenizer = tokenizer(form);
    var examples = new ExampleTokenizer(tokenizer, 1000);
    var expected = expected(form);
    var rows = rows(fixture.get("rows"), false);
    for (var i = 0; i < rows.size(); i++) {
      var row = rows.get(i);
      assertEquals(expected.get(i), examples.tokenize(row).example(), row::toString);
      var prompt = expected.get(i).tokens().subList(0, expected.get(i).sourceLength());
      assertEquals(prompt, tokenizer.prompt(row.prompt()), "evaluate and generate begin alike");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sentencepiece", "metaspace", "byte-level"})
  void whereItIsAskedForRowsMarkersAreTheTokensThatTransformersMakes(String form)
      throws IOException {
    var tokenizer = tokenizer(form);
    var examples = new ExampleTokenizer(tokenizer, 1000);
    var all = JSON.createArrayNode();
    fixture.get("rows").forEach(all::add);
    fixture.get("markedRows").forEach(all::add);
    var rows = rows(all, true);
    var expected = expected(form);
    assertEquals(expected.size(), rows.size());
    for (var i = 0; i < rows.size(); i++) {
      var result = examples.tokenize(rows.get(i));
      assertEquals(expected.get(i), result.example(), rows.get(i)::toString);
      assertFalse(result.spellsSpecial(), "it is no text");
    }
  }

  @Test
  void whereItIsNotAskedForRowsMarkersStayTextAndAreCounted() throws IOException {
    var tokenizer = tokenizer("byte-level");
    var examples = new ExampleTokenizer(tokenizer, 1000);
    for (var row : rows(fixture.get("markedRows"), false)) {
      var result = examples.tokenize(row);
      assertTrue(result.spellsSpecial(), row::toString);
      // Decoding skips special tokens: what the row holds is all there as text.
      var text = tokenizer.decode(result.example().tokens());
      assertTrue(text.endsWith(row.output()), text);
    }
    for (var row : rows(fixture.get("rows"), false)) {
      assertFalse(examples.tokenize(row).spellsSpecial(), "only the template's are there");
    }
  }
}
