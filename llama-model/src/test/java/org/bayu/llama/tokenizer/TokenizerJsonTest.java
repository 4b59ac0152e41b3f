package org.bayu.llama.tokenizer;

import static org.bayu.llama.tokenizer.EncodeOption.PARSE_SPECIAL;
import static org.bayu.llama.tokenizer.EncodeOption.TEMPLATE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerJsonTest {
  @TempDir Path folder = Path.of("");

  private String pieces(JsonTokenizer json, String text, EncodeOption... options)
      throws IOException {
    var tokenizer = json.load(folder);
    var ids =
        options.length == 0
            ? tokenizer.encode(text)
            : tokenizer.encode(text, options[0], Arrays.copyOfRange(options, 1, options.length));
    return ids.intStream().mapToObj(tokenizer::piece).collect(Collectors.joining(" "));
  }

  @Test
  void mergesAreTakenInTheirOrder() throws IOException {
    assertEquals("ab c", pieces(new JsonTokenizer(), "abc"));
    assertEquals(
        "a bc", pieces(new JsonTokenizer().with("/model/merges", "[\"b c\", \"a b\"]"), "abc"));
  }

  @Test
  void mergesMayBeWrittenAsPairs() throws IOException {
    var json =
        new JsonTokenizer()
            .with("/model/merges", "[[\"a\", \"b\"], [\"▁\", \"ab\"], [\"b\", \"c\"]]");
    assertEquals("▁ab ab c", pieces(json, " ababc"));
  }

  @Test
  void truncationAndPaddingThatTransformersLeftInTheFileAreIgnored() throws IOException {
    var json =
        new JsonTokenizer()
            .with(
                "/truncation",
                """
                {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}\
                """)
            .with(
                "/padding",
                """
                {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null,
                 "pad_id": 0, "pad_type_id": 0, "pad_token": "<unk>"}\
                """);
    assertEquals("c c c ab", pieces(json, "cccab"));
  }

  /** tokenizers writes the unknown token behind the bytes that follow it. */
  @Test
  void anUnknownCharacterStaysBeforeTheBytesThatFollowIt() throws IOException {
    var tokenizer =
        new JsonTokenizer()
            .with(
                "/model/vocab",
                "{\"<unk>\": 0, \"<s>\": 1, \"</s>\": 2, \"a\": 3, \"<0xC3>\": 4, \"<0xA9>\": 5}")
            .with("/model/merges", "[]")
            .with("/model/byte_fallback", "true")
            .with("/model/fuse_unk", "true");
    assertEquals("a <unk> <0xC3> <0xA9> <unk> a", pieces(tokenizer, "a日é日a"));
  }

  @Test
  void unknownCharactersAreFusedWhereTheModelSaysSo() throws IOException {
    assertEquals("a <unk> <unk> b", pieces(new JsonTokenizer(), "a?!b"));
    assertEquals(
        "a <unk> b <unk>", pieces(new JsonTokenizer().with("/model/fuse_unk", "true"), "a?!b🙂雪"));
    // tokenizers drops what is unknown when no token stands for it, and merges across the gap.
    assertEquals("ab", pieces(new JsonTokenizer().without("/model/unk_token"), "a?!b"));
  }

  @Test
  void aWholeWordInTheVocabularyNeedsNoMergesWithIgnoreMerges() throws IOException {
    var vocab = "{\"<unk>\": 0, \"<s>\": 1, \"</s>\": 2, \"a\": 3, \"b\": 4, \"ab\": 5}";
    var json = new JsonTokenizer().with("/model/vocab", vocab).with("/model/merges", "[]");
    assertEquals("a b", pieces(json, "ab"));
    assertEquals("ab", pieces(json.with("/model/ignore_merges", "true"), "ab"));
  }

  @Test
  void theTemplatePutsItsTokensAround() throws IOException {
    var json =
        new JsonTokenizer()
            .with(
                "/post_processor",
                """
                {"type": "Sequence", "processors": [
                  {"type": "ByteLevel", "trim_offsets": false},
                  {"type": "TemplateProcessing",
                   "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                              {"Sequence": {"id": "A", "type_id": 0}},
                              {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                   "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
                                      "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}}]}
                """);
    assertEquals("<s> a </s>", pieces(json, "a", TEMPLATE));
    assertEquals("a", pieces(json, "a"));
  }

  @Test
  void addedTokensTakeTheirNeighboursAsTheirFlagsSay() throws IOException {
    var json =
        new JsonTokenizer()
            .added("{\"id\": 10, \"content\": \"<l>\", \"lstrip\": true, \"normalized\": false}")
            .added("{\"id\": 11, \"content\": \"<r>\", \"rstrip\": true, \"normalized\": false}")
            .added(
                "{\"id\": 12, \"content\": \"ca\", \"single_word\": true, \"normalized\": false}")
            .added("{\"id\": 13, \"content\": \"<l><r>\", \"normalized\": false}")
            .added("{\"id\": 14, \"content\": \"b b\", \"normalized\": true}");
    assertEquals("a <l> ▁ a", pieces(json, "a \u00a0\n<l> a"));
    assertEquals("a ▁ <r> a", pieces(json, "a <r> \t a"));
    assertEquals("ca ▁ c ab ▁ ca", pieces(json, "ca cab ca"));
    assertEquals("<l><r> <l>", pieces(json, "<l><r><l>"));
    // Found after normalizing, in the spelling that normalizing gives it.
    assertEquals("a b b c", pieces(json, "ab bc"));
  }

  @Test
  void specialTokensAreTextUnlessParsed() throws IOException {
    assertEquals("a <unk> <unk> <unk> <unk> b", pieces(new JsonTokenizer(), "a</s>b"));
    assertEquals("a </s> b", pieces(new JsonTokenizer(), "a</s>b", PARSE_SPECIAL));
  }

  @Test
  void eosWithLstripTakesTheSpacesInFrontOfIt() throws IOException {
    var json =
        new JsonTokenizer()
            .with(
                "/added_tokens",
                "[{\"id\": 2, \"content\": \"</s>\", \"special\": true, \"lstrip\": true}]");
    assertEquals("a </s>", pieces(json, "a  </s>", PARSE_SPECIAL));
    assertEquals("a </s>", pieces(json, "a  ", EncodeOption.EOS));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/model/type | \"Unigram\" | the tokenizer model \"Unigram\" (model) is not one that Bayu"
            + " implements",
        "/normalizer | {\"type\": \"BertNormalizer\"} | the normalizer \"BertNormalizer\""
            + " (normalizer) is not one that Bayu implements",
        "/normalizer | {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFC\"}, {\"type\":"
            + " \"Precompiled\"}]} | the normalizer \"Precompiled\" (normalizer.normalizers[1]) is"
            + " not one that Bayu implements",
        "/pre_tokenizer | {\"type\": \"Whitespace\"} | the pre-tokenizer \"Whitespace\""
            + " (pre_tokenizer) is not one that Bayu implements",
        "/post_processor | {\"type\": \"BertProcessing\"} | the post-processor \"BertProcessing\""
            + " (post_processor) is not one that Bayu implements",
        "/decoder | {\"type\": \"WordPiece\"} | the decoder \"WordPiece\" (decoder) is not one that"
            + " Bayu implements",
        "/decoder | {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Fuse\"}, {\"type\":"
            + " \"ByteFallback\"}]} | decoder.decoders[1].type stands in a place where Bayu does"
            + " not implement it",
        "/pre_tokenizer | {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\":"
            + " \"Isolated\"} | pre_tokenizer.pattern.Regex is not a regular expression of"
            + " tokenizers: a parenthesis is not closed (at character 1)",
        "/pre_tokenizer | {\"type\": \"Split\", \"pattern\": {\"String\": \"a\"}, \"behavior\":"
            + " \"Shuffled\"} | pre_tokenizer.behavior \"Shuffled\" is not one that Bayu"
            + " implements",
        "/post_processor | {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\":"
            + " {\"id\": \"<b>\"}}, {\"Sequence\": {\"id\": \"A\"}}], \"special_tokens\": {\"<b>\":"
            + " {\"ids\": [10]}}} | post_processor adds the token 10, which the vocabulary does not"
            + " have",
        "/pre_tokenizer | {\"type\": \"Metaspace\"} | pre_tokenizer.replacement is missing",
        "/model/continuing_subword_prefix | \"##\" | model.continuing_subword_prefix is set, which"
            + " Bayu does not implement",
        "/model/dropout | 0.1 | model.dropout is set: the same text would get other ids each time",
        "/model/merges | [\"a b\", \"a\"] | model.merges[1] is not a pair of pieces",
        "/model/merges | [\"a z\"] | model.merges names \"z\", which the vocabulary does not have",
        "/model/merges | [\"c c\"] | model.merges names \"cc\", which the vocabulary does not have",
        "/model/unk_token | \"<u>\" | model.unk_token names \"<u>\", which the vocabulary does not"
            + " have",
        "/model/vocab | [] | model.vocab is not an object",
        "/model/vocab | {\"a\": 0.5} | model.vocab gives \"a\" something else than an id",
        "/model/vocab | {\"a\": -1} | the token \"a\" has the id -1, outside 0 to 4194303",
        "/model/vocab | {\"a\": 3, \"b\": 3} | the id 3 stands there twice, for \"a\" and \"b\"",
        "/added_tokens | [{\"id\": 5, \"content\": \"a\"}] | the token \"a\" stands there twice,"
            + " with ids 4 and 5",
        "/added_tokens | [{\"content\": \"a\"}] | added_tokens[0].id is missing",
        "/added_tokens | [{\"id\": 9, \"content\": \"\"}] | added_tokens[0].content is empty",
        "/added_tokens | [3] | added_tokens[0] is not an object",
        "/model | null | model is missing",
        "/decoder | null | decoder is missing",
        "/normaliser | {\"type\": \"NFKC\"} | normaliser is no part of a tokenizer; the parts are"
            + " version, truncation, padding, added_tokens, normalizer, pre_tokenizer,"
            + " post_processor, decoder, model",
      })
  void whatItCannotReadIsRefusedByName(String pointer, String value, String reason)
      throws IOException {
    new JsonTokenizer().with(pointer, value).write(folder);
    assertRefused(reason);
  }

  @Test
  void whatIsNotJsonIsRefusedWithItsPlace() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), "{\n  \"model\": }");
    assertRefused("is not valid JSON at line 2, column 12: a value is missing before }");
    Files.writeString(folder.resolve("tokenizer.json"), "[]");
    assertRefused("holds no JSON object");
    Files.write(folder.resolve("tokenizer.json"), new byte[] {'{', '"', (byte) 0xFF, '"'});
    var refusal = assertThrows(MalformedFileException.class, () -> LlamaTokenizer.load(folder));
    assertEquals("is not valid UTF-8 at byte 2", refusal.reason());
  }

  @Test
  void aCutFileIsRefused() throws IOException {
    new JsonTokenizer().write(folder);
    var file = folder.resolve("tokenizer.json");
    var whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length += 7) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThrows(MalformedFileException.class, () -> LlamaTokenizer.load(folder), "cut short");
    }
  }

  @Test
  void bosAndEosAreFoundWithoutAConfig() throws IOException {
    var tokenizer = new JsonTokenizer().load(folder);
    assertTrue(tokenizer.bosId().isEmpty());
    assertEquals(IntList.of(4, 2), tokenizer.encode("a", EncodeOption.EOS));
  }

  private void assertRefused(String reason) {
    var refusal = assertThrows(MalformedFileException.class, () -> LlamaTokenizer.load(folder));
    assertEquals(folder.resolve("tokenizer.json") + ": " + reason, refusal.getMessage());
  }
}
