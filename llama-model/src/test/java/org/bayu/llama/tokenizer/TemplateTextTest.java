package org.bayu.llama.tokenizer;

import static org.bayu.llama.tokenizer.EncodeOption.EOS;
import static org.bayu.llama.tokenizer.EncodeOption.PARSE_SPECIAL;
import static org.bayu.llama.tokenizer.EncodeOption.PREFIX;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Special tokens in templates; chat-tokens.json is what tokenizers makes of the whole texts. */
class TemplateTextTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/tokenizer");
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder = Path.of("");

  /** A golden tokenizer with the added tokens of chat-tokens.json. */
  private LlamaTokenizer withChatTokens(String form, JsonNode tokens) throws IOException {
    var json =
        (ObjectNode) MAPPER.readTree(GOLDEN.resolve(form).resolve("tokenizer.json").toFile());
    int id = json.at("/model/vocab").size();
    for (var existing : json.get("added_tokens")) {
      id = Math.max(id, existing.get("id").intValue() + 1);
    }
    for (var token : tokens) {
      var entry = token.<ObjectNode>deepCopy().put("id", id++);
      entry.put("normalized", token.path("normalized").asBoolean(false));
      json.withArray("added_tokens").add(entry);
    }
    MAPPER.writeValue(folder.resolve("tokenizer.json").toFile(), json);
    return LlamaTokenizer.load(folder);
  }

  private static JsonNode chat() throws IOException {
    return MAPPER.readTree(GOLDEN.resolve("chat-tokens.json").toFile());
  }

  private static String pieces(LlamaTokenizer tokenizer, TemplateText text) {
    return tokenizer
        .encode(text)
        .intStream()
        .mapToObj(tokenizer::piece)
        .collect(Collectors.joining(" "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"legacy", "metaspace", "byte-level"})
  void aLiteralTextHasTheLibrarysIdsWithSpecialsAndAFieldThoseWithout(String form)
      throws IOException {
    var chat = chat();
    var tokenizer = withChatTokens(form, chat.get("tokens"));
    for (var row : chat.get("forms").get(form)) {
      var text = row.get("text").textValue();
      var parsed = ids(row.get("parsed"));
      var asText = ids(row.get("asText"));
      assertEquals(parsed, tokenizer.encode(TemplateText.EMPTY.literal(text)), text);
      assertEquals(parsed, tokenizer.encode(text, PARSE_SPECIAL), text);
      assertEquals(asText, tokenizer.encode(TemplateText.EMPTY.field(text)), text);
      assertEquals(asText, tokenizer.encode(text), text);
      var field = TemplateText.EMPTY.field(text);
      assertEquals(parsed, tokenizer.encode(field, PARSE_SPECIAL), text);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"legacy", "metaspace", "byte-level"})
  void aFieldBetweenMarkersHasTheIdsOfTheWholeText(String form) throws IOException {
    var chat = chat();
    var tokenizer = withChatTokens(form, chat.get("tokens"));
    for (var field : List.of("Tell me about the game.", "", "  two  spaces ", "größe 日本")) {
      var text =
          TemplateText.EMPTY
              .literal("<|im_start|>user\n")
              .field(field)
              .literal("<|im_end|>\n<|im_start|>assistant\n");
      var whole = tokenizer.encode(text.text(), PARSE_SPECIAL);
      assertEquals(whole, tokenizer.encode(text), field);
      assertTrue(whole.size() < tokenizer.encode(text.text()).size(), field);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sentencepiece", "legacy", "metaspace", "byte-level"})
  void partsWithoutSpecialTokensHaveTheIdsOfTheWhole(String form) throws IOException {
    var tokenizer = LlamaTokenizer.load(GOLDEN.resolve(form));
    var random = new Random(3);
    for (var row :
        MAPPER.readTree(GOLDEN.resolve(form).resolve("cases.json").toFile()).get("encode")) {
      var text = row.get("text").textValue();
      if (!tokenizer.specialTokensIn(text).isEmpty()) {
        continue;
      }
      var parts = TemplateText.EMPTY;
      for (int i = 0; i < text.length(); ) {
        int end =
            text.offsetByCodePoints(i, 1 + random.nextInt(text.codePointCount(i, text.length())));
        var part = text.substring(i, end);
        parts = random.nextBoolean() ? parts.literal(part) : parts.field(part);
        i = end;
      }
      assertEquals(text, parts.text());
      assertEquals(ids(row.get("ids")), tokenizer.encode(parts), text);
    }
  }

  @Test
  void aSpecialTokenInAFieldOrAcrossAnEdgeIsText() throws IOException {
    var tokenizer = new JsonTokenizer().load(folder);
    assertEquals("a </s> b", pieces(tokenizer, TemplateText.EMPTY.literal("a</s>b")));
    var asText = "a <unk> <unk> <unk> <unk> b";
    assertEquals(asText, pieces(tokenizer, TemplateText.EMPTY.field("a</s>b")));
    assertEquals(asText, pieces(tokenizer, TemplateText.EMPTY.literal("a</").field("s>b")));
    assertEquals(asText, pieces(tokenizer, TemplateText.EMPTY.field("a<").literal("/s>b")));
    // Not even where an empty field lies between: it is the template's author who writes a token.
    var apart = TemplateText.EMPTY.literal("a</").field("").literal("s>b");
    assertEquals(asText, pieces(tokenizer, apart));
    assertEquals(
        "a </s> <unk> <unk> <unk> <unk>",
        pieces(tokenizer, TemplateText.EMPTY.field("a").literal("</s>").field("</s>")));
  }

  @Test
  void aTemplatesTokenIsFoundWhereALongerOneReachesIntoAField() throws IOException {
    var tokenizer =
        new JsonTokenizer()
            .added("{\"id\": 10, \"content\": \"</s></s>\", \"special\": true}")
            .added("{\"id\": 11, \"content\": \"c<\", \"special\": true}")
            .load(folder);
    assertEquals("</s></s>", pieces(tokenizer, TemplateText.EMPTY.literal("</s></s>")));
    assertEquals(
        "</s> <unk> <unk> <unk> <unk>",
        pieces(tokenizer, TemplateText.EMPTY.literal("</s>").field("</s>")));
    assertEquals("c </s>", pieces(tokenizer, TemplateText.EMPTY.field("c").literal("</s>")));
  }

  @Test
  void flagsSeeTheWholeTextAcrossEdges() throws IOException {
    var tokenizer =
        new JsonTokenizer()
            .added("{\"id\": 10, \"content\": \"<l>\", \"special\": true, \"lstrip\": true}")
            .added("{\"id\": 11, \"content\": \"<r>\", \"special\": true, \"rstrip\": true}")
            .added("{\"id\": 12, \"content\": \"ca\", \"special\": true, \"single_word\": true}")
            .load(folder);
    assertEquals(
        "a <l> a", pieces(tokenizer, TemplateText.EMPTY.field("a ").literal("<l>").field("a")));
    assertEquals(
        "a <r> a", pieces(tokenizer, TemplateText.EMPTY.field("a").literal("<r>").field(" a")));
    assertEquals("c ab", pieces(tokenizer, TemplateText.EMPTY.literal("ca").field("b")));
    assertEquals("ca ▁ab", pieces(tokenizer, TemplateText.EMPTY.literal("ca").field(" ab")));
  }

  @Test
  void aNormalizedSpecialTokenKnowsItsPartAfterNormalizing() throws IOException {
    var tokenizer =
        new JsonTokenizer()
            .with("/normalizer", "{\"type\": \"NFC\"}")
            .added("{\"id\": 10, \"content\": \"<é>\", \"special\": true, \"normalized\": true}")
            .load(folder);
    var decomposed = "<e\u0301>";
    var inTemplate =
        TemplateText.EMPTY.field("ae\u0301").literal(decomposed).field("b" + decomposed);
    assertEquals("a <unk> <é> b <unk> <unk> <unk>", pieces(tokenizer, inTemplate));
    // A character put together across the edge belongs to no literal part.
    var across = TemplateText.EMPTY.field("<e").literal("\u0301>");
    assertEquals("<unk> <unk> <unk>", pieces(tokenizer, across));
  }

  @Test
  void aPromptBeginsAsTheTokenizersOwnTextsBegin() throws IOException {
    var adds = LlamaTokenizer.load(GOLDEN.resolve("legacy"));
    assertEquals(
        adds.encode("the", EncodeOption.TEMPLATE), adds.prompt(TemplateText.EMPTY.field("the")));
    var addsNone = new JsonTokenizer().load(folder);
    assertTrue(addsNone.bosId().isEmpty());
    assertEquals(IntList.of(4), addsNone.prompt(TemplateText.EMPTY.field("a")));
    assertEquals(IntList.of(), addsNone.prompt(TemplateText.EMPTY));
    assertEquals(IntList.of(4, 2), addsNone.encode("a", PREFIX, EOS));
  }

  @Test
  void nullAsBosInTheConfigLeavesPromptsWithoutOne() throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": null}");
    var tokenizer = new JsonTokenizer().load(folder);
    assertEquals(IntList.of(4), tokenizer.prompt(TemplateText.EMPTY.literal("a")));
  }

  @Test
  void theSpecialTokensThatATextSpellsAreListedOnce() throws IOException {
    var tokenizer =
        new JsonTokenizer()
            .added("{\"id\": 10, \"content\": \"<tool>\"}")
            .added("{\"id\": 11, \"content\": \"<n>\", \"special\": true, \"normalized\": true}")
            .load(folder);
    assertEquals(
        List.of("</s>", "<n>", "<s>"), tokenizer.specialTokensIn("a</s><tool><n></s>b<s>"));
    assertEquals(List.of(), tokenizer.specialTokensIn("a<tool>b"));
    assertEquals(List.of(), tokenizer.specialTokensIn(""));
  }

  @Test
  void appendedTextsKeepTheirParts() {
    var text = TemplateText.EMPTY.field("ab").append(TemplateText.EMPTY.literal("cd").field("e"));
    assertEquals("abcde", text.text());
    assertTrue(text.isLiteral(2, 4));
    assertFalse(text.isLiteral(1, 3));
    assertFalse(text.isLiteral(3, 5));
    assertEquals(TemplateText.EMPTY.field("b").literal("c"), text.sub(1, 3));
  }

  private static IntList ids(JsonNode array) {
    var ids = new IntArrayList();
    array.forEach(id -> ids.add(id.intValue()));
    return ids;
  }
}
