package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.StringJoiner;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a small tokenizer file may cost in time and memory. */
class TokenizerLimitsTest {
  private static final String DOUBLING =
      "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}";

  @TempDir private Path folder;

  private static String sequence(String list, String stage, int count) {
    return "{\"type\": \"Sequence\", \""
        + list
        + "\": ["
        + String.join(", ", Collections.nCopies(count, stage))
        + "]}";
  }

  private String refusal(JsonTokenizer tokenizer) {
    var e = assertThrows(MalformedFileException.class, () -> tokenizer.load(folder));
    return e.reason();
  }

  @Test
  void aNormalizerDoesNotDoubleTextsAgainAndAgain() throws Exception {
    var tokenizer =
        new JsonTokenizer().with("/normalizer", sequence("normalizers", DOUBLING, 60)).load(folder);
    assertEquals(0, tokenizer.encode("").size());
    var e = assertThrows(UncheckedIOException.class, () -> tokenizer.encode("ab"));
    assertTrue(
        String.valueOf(e.getMessage())
            .contains("normalizer makes a text of 2 characters longer than 10,064"),
        e.getMessage());
  }

  @Test
  void aReplacementIsNotRepeatedWithoutEnd() throws Exception {
    var tokenizer =
        new JsonTokenizer()
            .with(
                "/normalizer",
                "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \""
                    + "b".repeat(1000)
                    + "\"}")
            .load(folder);
    assertEquals(1000, tokenizer.encode("a").size());
    assertThrows(UncheckedIOException.class, () -> tokenizer.encode("a".repeat(1000)));
  }

  @Test
  void preTokenizersDoNotDoubleTextsAgainAndAgain() throws Exception {
    var stages =
        "{\"type\": \"Split\", \"pattern\": {\"Regex\": \".\"}, \"behavior\": \"Isolated\"}"
            + ", {\"type\": \"Metaspace\", \"replacement\": \"x\", \"split\": false}"
            + ", {\"type\": \"Split\", \"pattern\": {\"Regex\": \".\"}, \"behavior\": \"Isolated\"}"
            + ", {\"type\": \"Metaspace\", \"replacement\": \"y\", \"split\": false}";
    var tokenizer =
        new JsonTokenizer()
            .with("/pre_tokenizer", sequence("pretokenizers", stages, 30))
            .load(folder);
    assertThrows(UncheckedIOException.class, () -> tokenizer.encode("ab"));
  }

  @Test
  void aDecoderDoesNotDoublePiecesAgainAndAgain() throws Exception {
    var tokenizer = new JsonTokenizer().with("/decoder", sequence("decoders", DOUBLING, 60));
    assertThrows(UncheckedIOException.class, () -> tokenizer.load(folder));
  }

  @Test
  void manyDecodersAreNoDeepRecursion() throws Exception {
    var strip = "{\"type\": \"Strip\", \"content\": \" \", \"start\": 0, \"stop\": 0}";
    var tokenizer =
        new JsonTokenizer().with("/decoder", sequence("decoders", strip, 20_000)).load(folder);
    assertEquals("ab", tokenizer.decode(tokenizer.encode("ab")));
  }

  @Test
  void metaspaceIsOneCharacter() {
    var metaspace = "{\"type\": \"Metaspace\", \"replacement\": \"  \"}";
    assertEquals(
        "pre_tokenizer.replacement is not one character",
        refusal(new JsonTokenizer().with("/pre_tokenizer", metaspace)));
    assertEquals(
        "decoder.replacement is not one character",
        refusal(new JsonTokenizer().with("/decoder", metaspace)));
  }

  @Test
  void aTemplateAddsAThousandTokensAtMost() {
    var ids = IntStream.range(0, 100).mapToObj(_ -> "1").collect(Collectors.joining(","));
    var single =
        String.join(", ", Collections.nCopies(11, "{\"SpecialToken\": {\"id\": \"<s>\"}}"));
    var template =
        "{\"type\": \"TemplateProcessing\", \"single\": ["
            + single
            + ", {\"Sequence\": {\"id\": \"A\"}}], \"special_tokens\": {\"<s>\": {\"ids\": ["
            + ids
            + "]}}}";
    assertEquals(
        "post_processor.single adds more than 1000 tokens to a text",
        refusal(new JsonTokenizer().with("/post_processor", template)));
    var few = template.replace(single, "{\"SpecialToken\": {\"id\": \"<s>\"}}");
    assertEquals(
        "post_processor.processors adds more than 1000 tokens to a text",
        refusal(new JsonTokenizer().with("/post_processor", sequence("processors", few, 11))));
  }

  @Test
  void tokensHaveAThousandCharactersAtMost() {
    var token = "t".repeat(1001);
    assertTrue(
        refusal(new JsonTokenizer().with("/model/vocab", "{\"<unk>\": 0, \"" + token + "\": 1}"))
            .endsWith("is longer than 1000 characters"));
    assertTrue(
        refusal(new JsonTokenizer().added("{\"id\": 10, \"content\": \"" + token + "\"}"))
            .endsWith("is longer than 1000 characters"));
  }

  /** A table that only walks on to the next free place compares them all with all. */
  @Test
  void manyTokensOfOneHashCodeLoadSoon() throws Exception {
    var vocabulary = new StringJoiner(", ", "{\"<unk>\": 0, \"<s>\": 1, \"</s>\": 2, ", "}");
    for (int token = 0; token < 1 << 16; token++) {
      var text = new StringBuilder("\"");
      for (int pair = 0; pair < 16; pair++) {
        text.append((token >> pair & 1) == 0 ? "Aa" : "BB"); // "Aa".hashCode() == "BB".hashCode()
      }
      vocabulary.add(text.append("\": ").append(token + 3));
    }
    var json =
        new JsonTokenizer().with("/model/vocab", vocabulary.toString()).with("/model/merges", "[]");
    var tokenizer = assertTimeout(Duration.ofSeconds(20), () -> json.load(folder));
    assertEquals(3 + 5, tokenizer.id("BBAaBB" + "Aa".repeat(13)).orElseThrow());
  }

  @Test
  void anIdDoesNotMakeTheVocabularyLarge() {
    assertEquals(
        "the token \"far\" has the id 4194304, outside 0 to 4194303",
        refusal(new JsonTokenizer().with("/model/vocab", "{\"<unk>\": 0, \"far\": 4194304}")));
  }

  @Test
  void aTokenizerHasAFewMegabytes() throws IOException {
    new JsonTokenizer().write(folder);
    for (var name : List.of("tokenizer.json", "tokenizer_config.json")) {
      try (var file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
        file.setLength(200_000_001); // takes no space on most disks
      }
      var e = assertThrows(MalformedFileException.class, () -> LlamaTokenizer.load(folder));
      assertEquals("has 200,000,001 bytes, too many for such a file", e.reason());
    }
  }

  @Test
  void addedTokensAreLimitedTogether() {
    var tokenizer = new JsonTokenizer();
    for (int i = 0; i <= 1000; i++) {
      tokenizer.added(
          "{\"id\": "
              + (10 + i)
              + ", \"content\": \""
              + (i + "t".repeat(1000)).substring(0, 1000)
              + "\"}");
    }
    assertEquals("the added tokens have more than 1,000,000 characters", refusal(tokenizer));
  }

  @Test
  void patternsAreNeitherLongNorDeep() {
    for (var nested :
        new String[] {
          "(".repeat(5000) + ")".repeat(4900), "(?i)".repeat(2000), "[".repeat(5000) + "a"
        }) {
      var e = assertThrows(PatternSyntaxException.class, () -> OnigurumaPattern.compile(nested));
      assertTrue(
          e.getDescription().startsWith("holds groups or brackets nested more than 100 deep"),
          e.getDescription());
    }
    var e =
        assertThrows(
            PatternSyntaxException.class, () -> OnigurumaPattern.compile("a".repeat(10_001)));
    assertTrue(e.getDescription().startsWith("holds more than 10000 characters"));
    OnigurumaPattern.compile("a?".repeat(5000));
  }
}
