package org.bayu.llama.tokenizer;

import static org.bayu.llama.tokenizer.EncodeOption.PARSE_SPECIAL;
import static org.bayu.llama.tokenizer.EncodeOption.TEMPLATE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Saved tokenizer files; saved.json is what Transformers makes of them. */
class SavedTokenizerTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/tokenizer");
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder = Path.of("");

  static Stream<JsonNode> cases() throws IOException {
    return golden().get("cases").valueStream();
  }

  private static JsonNode golden() throws IOException {
    return MAPPER.readTree(GOLDEN.resolve("saved.json").toFile());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void savedFilesHaveTheModelsIdsInTransformersAndHere(JsonNode example) throws Exception {
    var name = example.get("name").textValue();
    var form = example.get("form").textValue();
    Files.copy(GOLDEN.resolve(form).resolve("tokenizer.model"), file("tokenizer.model"));
    for (var file : example.get("files").properties()) {
      MAPPER.writeValue(file(file.getKey()).toFile(), file.getValue());
    }
    var before = LlamaTokenizer.load(folder);
    SavedTokenizer.complete(folder);
    var after = LlamaTokenizer.load(folder);

    assertEquals(example.get("sha256").textValue(), sha256(file("tokenizer.json")), name);
    assertEquals(
        example.get("config"), MAPPER.readTree(file("tokenizer_config.json").toFile()), name);
    try (var files = Files.list(folder)) {
      var names = files.map(file -> file.getFileName().toString()).sorted().toList();
      assertEquals(
          example.get("saved").valueStream().map(JsonNode::textValue).toList(), names, name);
    }
    assertEquals(List.of(), after.notes(), name);
    assertEquals(OptionalInt.of(example.get("eos").intValue()), after.eosId(), name);
    var texts = golden().get("texts");
    for (int i = 0; i < texts.size(); i++) {
      var text = texts.get(i).textValue();
      var ids = new IntArrayList();
      example.get("ids").get(i).forEach(id -> ids.add(id.intValue()));
      assertEquals(ids, after.encode(text, TEMPLATE, PARSE_SPECIAL), name + ": " + text);
      // There the saved file drops the space in front of an added token, which the model keeps.
      if (!form.equals("trimming") || before.specialTokensIn(text).isEmpty()) {
        assertEquals(ids, before.encode(text, TEMPLATE, PARSE_SPECIAL), name + ": " + text);
        assertEquals(before.decode(ids), after.decode(ids), name + ": " + text);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "stories"})
  void realModelsKeepTheirIds(String model) throws IOException {
    var source = model.equals("llama2") ? SharedData.llama2() : SharedData.stories();
    Files.copy(source.resolve("tokenizer.model"), file("tokenizer.model"));
    var before = LlamaTokenizer.load(folder);
    SavedTokenizer.complete(folder);
    var after = LlamaTokenizer.load(folder);
    var texts = Files.readString(SharedData.llama2().resolve("ggml-vocab-llama-spm.gguf.inp"));
    for (var text : texts.split("\n__ggml_vocab_test__\n", -1)) {
      assertEquals(before.encode(text, TEMPLATE), after.encode(text, TEMPLATE), text);
      assertEquals(before.encode(text + "  x"), after.encode(text + "  x"), text);
    }
  }

  @Test
  void mergesOfLlama2AreThoseOfItsOwnTokenizerJson() throws IOException {
    var source = SharedData.llama2();
    Files.copy(source.resolve("tokenizer.model"), file("tokenizer.model"));
    SavedTokenizer.complete(folder);
    assertEquals(merges(source.resolve("tokenizer.json")), merges(file("tokenizer.json")));
  }

  private static List<String> merges(Path file) throws IOException {
    var merges = new ArrayList<String>();
    for (var merge : MAPPER.readTree(file.toFile()).at("/model/merges")) {
      merges.add(
          merge.isTextual()
              ? merge.textValue()
              : merge.get(0).textValue() + " " + merge.get(1).textValue());
    }
    return merges;
  }

  @Test
  void flagsThatThePostProcessorOverrulesAreDropped() throws IOException {
    copyJson();
    Files.writeString(
        file("tokenizer_config.json"),
        "{\"add_bos_token\": false, \"add_eos_token\": true, \"eos_token\": \"</s>\", \"x\": 1}");
    assertEquals(2, LlamaTokenizer.load(folder).notes().size());
    SavedTokenizer.complete(folder);
    assertEquals(List.of(), LlamaTokenizer.load(folder).notes());
    assertEquals(
        MAPPER.readTree("{\"eos_token\": \"</s>\", \"x\": 1}"),
        MAPPER.readTree(file("tokenizer_config.json").toFile()));
  }

  @Test
  void filesThatAgreeStayAsTheyAre() throws IOException {
    copyJson();
    var config = "{\"add_bos_token\":true,\"add_eos_token\":false,\"eos_token\":\"</s>\"}";
    Files.writeString(file("tokenizer_config.json"), config);
    Files.writeString(file("added_tokens.json"), "{\"<tool>\": 480}");
    var before = sha256(file("tokenizer.json"));
    SavedTokenizer.complete(folder);
    assertEquals(config, Files.readString(file("tokenizer_config.json")));
    assertEquals(before, sha256(file("tokenizer.json")));
    assertTrue(Files.exists(file("added_tokens.json")));
  }

  @Test
  void whatATokenizerJsonCannotSayStaysAsItIs() throws IOException {
    new ModelFile().pieces("▁", "a").piece("<x>", ModelFile.USER_DEFINED).load(folder);
    SavedTokenizer.complete(folder);
    assertFalse(Files.exists(file("tokenizer.json")));
    Files.writeString(file("tokenizer.model"), "no model");
    SavedTokenizer.complete(folder);
    assertFalse(Files.exists(file("tokenizer.json")));
  }

  private void copyJson() throws IOException {
    Files.copy(GOLDEN.resolve("metaspace/tokenizer.json"), file("tokenizer.json"));
  }

  private Path file(String name) {
    return folder.resolve(name);
  }

  private static String sha256(Path file) throws IOException {
    try {
      var digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
