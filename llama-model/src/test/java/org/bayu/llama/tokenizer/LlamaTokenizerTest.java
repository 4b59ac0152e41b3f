package org.bayu.llama.tokenizer;

import static org.bayu.llama.tokenizer.EncodeOption.BOS;
import static org.bayu.llama.tokenizer.EncodeOption.EOS;
import static org.bayu.llama.tokenizer.EncodeOption.PARSE_SPECIAL;
import static org.bayu.llama.tokenizer.EncodeOption.TEMPLATE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.tensor.io.MalformedFileException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LlamaTokenizerTest {
  @TempDir Path folder = Path.of("");

  private LlamaTokenizer model(String config) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), config);
    return new ModelFile().pieces("▁", "▁a", "a").load(folder);
  }

  @Test
  void tokenizerJsonIsUsedWhereBothFormsAre() throws IOException {
    var model = new ModelFile().pieces("▁", "a").load(folder);
    assertEquals(OptionalInt.of(4), model.id("a"));
    assertEquals(5, model.vocabSize());
    var json = new JsonTokenizer().load(folder);
    assertEquals(10, json.vocabSize());
    assertEquals(OptionalInt.empty(), json.id("d"));
    assertEquals(5, LlamaTokenizer.load(folder.resolve("tokenizer.model")).vocabSize());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}                                              | 1 4",
        "{\"add_bos_token\": true}                       | 1 4",
        "{\"add_bos_token\": false}                      | 4",
        "{\"add_bos_token\": false, \"add_eos_token\": true} | 4 2",
        "{\"bos_token\": \"</s>\"}                       | 2 4",
        "{\"bos_token\": null}                           | 4",
      })
  void theTemplateIsWhatTheConfigSays(String config, String expected) throws IOException {
    var ids = model(config).encode("a", TEMPLATE);
    assertEquals(expected, ids.toString().replaceAll("[\\[\\],]", ""));
  }

  private static final String ADDS_BOS =
      """
      {"type": "TemplateProcessing",
       "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                  {"Sequence": {"id": "A", "type_id": 0}}],
       "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"add_bos_token\": false} | true | 1 4 | add_bos_token is false, but the post_processor"
            + " of tokenizer.json puts <s> in front of every text",
        "{\"bos_token\": null} | true | 1 4 | bos_token is null, but the post_processor of"
            + " tokenizer.json puts <s> in front of every text",
        "{\"add_bos_token\": true, \"bos_token\": \"<s>\"} | false | 4 | add_bos_token is true, but"
            + " the post_processor of tokenizer.json puts no <s> in front of a text",
        "{\"add_eos_token\": true} | true | 1 4 | add_eos_token is true, but the post_processor of"
            + " tokenizer.json puts no </s> behind a text",
        "{\"add_bos_token\": true} | true | 1 4 |",
        "{\"add_bos_token\": false} | false | 4 |",
        "{} | true | 1 4 |",
        "{\"bos_token\": null} | false | 4 |",
      })
  void besideTokenizerJsonThePostProcessorDecidesAndANoteSaysSo(
      String config, boolean addsBos, String ids, @Nullable String note) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), config);
    var json = new JsonTokenizer();
    var tokenizer = (addsBos ? json.with("/post_processor", ADDS_BOS) : json).load(folder);
    assertEquals(
        ids, tokenizer.encode("a", TEMPLATE).toString().replaceAll("[\\[\\],]", ""), config);
    var expected =
        note == null
            ? List.of()
            : List.of(
                "tokenizer_config.json: "
                    + note
                    + ". Bayu follows the post_processor, as Transformers 5 does.");
    assertEquals(expected, tokenizer.notes());
    assertEquals(tokenizer.encode("a", TEMPLATE), tokenizer.prompt(TemplateText.EMPTY.field("a")));
    assertEquals(tokenizer.encode("a", TEMPLATE), tokenizer.prompt("a"));
  }

  @Test
  void theConfigNamesBosAndEos() throws IOException {
    var tokenizer = model("{\"bos_token\": null, \"eos_token\": {\"content\": \"<s>\"}}");
    assertEquals(OptionalInt.empty(), tokenizer.bosId());
    assertEquals(OptionalInt.of(1), tokenizer.eosId());
    assertThrows(IllegalStateException.class, () -> tokenizer.encode("a", BOS));
    assertFalse(tokenizer.addsBos());
  }

  @Test
  void theConfigsTokensAreAddedWhereTheVocabularyLacksThem() throws IOException {
    var tokenizer =
        model(
            """
            {"added_tokens_decoder": {
               "2": {"content": "</s>", "special": true},
               "6": {"content": "<pad>", "special": true},
               "7": {"content": "aa", "normalized": false}}}
            """);
    assertEquals(8, tokenizer.vocabSize());
    assertEquals(IntList.of(7, 7), tokenizer.encode("aaaa"));
    assertEquals(IntList.of(6), tokenizer.encode("<pad>", PARSE_SPECIAL));
    assertTrue(tokenizer.isSpecial(6));
  }

  @Test
  void idsThatTheVocabularyDoesNotHaveGiveNoText() throws IOException {
    var tokenizer = model("{}");
    assertEquals("aa", tokenizer.decode(IntList.of(4, 6, 639, 5, Integer.MAX_VALUE)));
    assertEquals("", tokenizer.piece(6));
    assertEquals("", tokenizer.piece(639));
    assertFalse(tokenizer.isSpecial(639));
    assertEquals("", tokenizer.newDecoder().push(639));
    assertThrows(IllegalArgumentException.class, () -> tokenizer.piece(-1));
    assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(IntList.of(-1)));
  }

  @Test
  void aConfigThatNamesNoTokenIsRefused() {
    var refusal =
        assertThrows(MalformedFileException.class, () -> model("{\"eos_token\": \"<end>\"}"));
    assertEquals(
        folder.resolve("tokenizer_config.json")
            + ": eos_token is \"<end>\", which the vocabulary does not have",
        refusal.getMessage());
    assertThrows(MalformedFileException.class, () -> model("{\"add_bos_token\": \"yes\"}"));
    assertThrows(MalformedFileException.class, () -> model("{"));
  }

  @Test
  void bosStandsInFrontOnce() throws IOException {
    var tokenizer = model("{}");
    assertEquals(IntList.of(1, 4), tokenizer.encode("a", BOS));
    assertEquals(IntList.of(1, 4), tokenizer.encode("a", BOS, TEMPLATE));
    assertEquals(IntList.of(1, 4, 2), tokenizer.encode("a", BOS, EOS));
    assertEquals(IntList.of(1, 2), tokenizer.encode("", BOS, EOS));
    assertEquals(IntList.of(), tokenizer.encode(""));
  }

  @Test
  void aFolderWithoutATokenizerIsRefused() {
    var refusal = assertThrows(MalformedFileException.class, () -> LlamaTokenizer.load(folder));
    assertEquals(
        folder + ": holds no tokenizer: neither tokenizer.json nor tokenizer.model",
        refusal.getMessage());
    assertThrows(NoSuchFileException.class, () -> LlamaTokenizer.load(folder.resolve("nowhere")));
  }

  @Test
  void theFingerprintFollowsTheFilesContent() throws IOException {
    var first = model("{}").fingerprint();
    assertEquals(first, model("{}").fingerprint());
    assertNotEquals(first, model("{\"add_bos_token\": false}").fingerprint());
    assertEquals(64, first.length());
  }
}
