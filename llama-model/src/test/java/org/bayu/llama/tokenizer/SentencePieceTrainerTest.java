package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bayu.tensor.io.Sha256;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokenizers of Llama 2's form, learned from texts. */
class SentencePieceTrainerTest {
  private static final int BYTES = 3;
  private static final int MERGED = BYTES + 256;

  @TempDir Path folder = Path.of("");

  private LlamaTokenizer train(Iterable<String> texts, int vocabSize, String... special)
      throws IOException {
    var settings = new SentencePieceTrainer.Settings(vocabSize, List.of(special));
    var tokens = SentencePieceTrainer.train(texts, settings, folder);
    var tokenizer = LlamaTokenizer.load(folder);
    assertEquals(tokens, tokenizer.vocabSize());
    return tokenizer;
  }

  @Test
  void theMostFrequentPairsAreMergedUntilNoneOccursTwice() throws IOException {
    var tokenizer = train(List.of("aaabdaaabac"), 1000);
    // aa four times; then aab and ▁aa would join, of which aab occurs twice.
    assertEquals("aa", tokenizer.piece(MERGED));
    assertEquals("ab", tokenizer.piece(MERGED + 1));
    assertEquals("aaab", tokenizer.piece(MERGED + 2));
    // The characters follow, the most frequent first: a, b, then in the order of their codes.
    var characters = List.of("a", "b", "c", "d", "\u2581");
    for (var i = 0; i < characters.size(); i++) {
      assertEquals(characters.get(i), tokenizer.piece(MERGED + 3 + i));
    }
    assertEquals(MERGED + 8, tokenizer.vocabSize());
  }

  @Test
  void theVocabularyHasNoMoreTokensThanAskedFor() throws IOException {
    assertEquals(MERGED + 6, train(List.of("aaabdaaabac"), MERGED + 6).vocabSize());
    // No room for every character: the rare ones become bytes.
    assertEquals(MERGED + 2, train(List.of("aaabdaaabac"), MERGED + 2).vocabSize());
    assertThrows(
        IllegalArgumentException.class, () -> new SentencePieceTrainer.Settings(259, List.of()));
  }

  @Test
  void everyTextComesBack() throws IOException {
    var tokenizer = train(List.of("inform(name[The Long Winter], rating[good])"), 300);
    for (var text : List.of("", " ", "  a\n\n b ", "雪🙂é\0", "</s><s><0x41>", "rating [ 2016 ]")) {
      assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    }
  }

  /**
   * As bytes it would come back as its mark: each text begins with one, also where none has any.
   */
  @Test
  void theSpaceHasAPieceHoweverRareItIs() throws IOException {
    var rare = "ab".repeat(1000); // one of 2001 characters is less than 0.05 %
    var crowded =
        IntStream.range('A', 'z').mapToObj(Character::toString).collect(Collectors.joining());
    for (var text : List.of(rare, crowded.repeat(2))) {
      for (var vocabSize : List.of(MERGED + 1, MERGED + 2, 300)) {
        var tokenizer = train(List.of(text), vocabSize);
        assertTrue(tokenizer.vocabSize() <= vocabSize);
        assertTrue(tokenizer.id("\u2581").isPresent());
        for (var each : List.of(text, "a b", "雪 ")) {
          assertEquals(each, tokenizer.decode(tokenizer.encode(each)));
        }
      }
    }
  }

  @Test
  void digitsStandAlone() throws IOException {
    var tokenizer = train(List.of("2016 2016 2016 2016"), 300);
    assertEquals(5, tokenizer.encode("2016").size());
  }

  @Test
  void specialTokensAreNeverMadeOfText() throws IOException {
    var text = "<tool> <tool> <tool> <tool> </s> </s>";
    var tokenizer = train(List.of(text), 400, "<tool>");
    assertEquals("<tool>", tokenizer.piece(3));
    assertFalse(tokenizer.encode(text).contains(3));
    assertFalse(tokenizer.encode(text).contains(2));
    for (var bad : List.of("", "<s>", "<tool>")) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new SentencePieceTrainer.Settings(400, List.of("<tool>", bad)));
    }
  }

  /** SentencePiece reads tokenizer.model and Transformers tokenizer.json, with the same ids. */
  @Test
  void othersReadTheFilesAndGiveTheSameIds() throws IOException {
    var json = new JsonMapper();
    var golden = "/golden/tokenizer/trained.json";
    try (var in =
        Objects.requireNonNull(SentencePieceTrainerTest.class.getResourceAsStream(golden))) {
      var fixture = json.readTree(in);
      var texts = json.convertValue(fixture.get("corpus"), String[].class);
      var tokenizer = train(List.of(texts), fixture.get("vocab_size").intValue(), "<tool>");
      for (var entry : fixture.get("cases")) {
        var text = entry.get("text").textValue();
        var expected = IntList.of(json.convertValue(entry.get("ids"), int[].class));
        assertEquals(expected, tokenizer.encode(text), text);
      }
      assertEquals(
          fixture.get("sha256").textValue(),
          HexFormat.of()
              .formatHex(
                  Sha256.digest().digest(Files.readAllBytes(folder.resolve("tokenizer.model")))));
    }
  }
}
