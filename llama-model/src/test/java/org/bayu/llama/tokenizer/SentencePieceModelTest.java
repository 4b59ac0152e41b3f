package org.bayu.llama.tokenizer;

import static org.bayu.llama.tokenizer.ModelFile.CONTROL;
import static org.bayu.llama.tokenizer.ModelFile.NORMAL;
import static org.bayu.llama.tokenizer.ModelFile.UNKNOWN;
import static org.bayu.llama.tokenizer.ModelFile.UNUSED;
import static org.bayu.llama.tokenizer.ModelFile.USER_DEFINED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SentencePieceModelTest {
  @TempDir Path folder = Path.of("");

  private String pieces(ModelFile model, String text) throws IOException {
    var tokenizer = model.load(folder);
    return tokenizer
        .encode(text)
        .intStream()
        .mapToObj(tokenizer::piece)
        .collect(Collectors.joining(" "));
  }

  @Test
  void theBestScoredPairIsMergedFirst() throws IOException {
    assertEquals("▁ a bc", pieces(new ModelFile().pieces("bc", "ab", "▁", "a", "b", "c"), "abc"));
    assertEquals("▁ ab c", pieces(new ModelFile().pieces("ab", "bc", "▁", "a", "b", "c"), "abc"));
  }

  @Test
  void ofEqualScoresTheLeftmostIsMergedFirst() throws IOException {
    var model = new ModelFile().pieces("▁", "a", "b");
    model.piece("ba", NORMAL, -100).piece("ab", NORMAL, -100);
    assertEquals("▁ ab ab a", pieces(model, "ababa"));
  }

  @Test
  void aCharacterThatIsOnlyPartOfPiecesCanStillMerge() throws IOException {
    var model = new ModelFile().bytePieces().pieces("xy", "▁", "x").trainer(t -> t.varint(35, 1));
    assertEquals("▁ xy", pieces(model, "xy"));
    assertEquals("▁ <0x79> x", pieces(model, "yx"));
  }

  @Test
  void unknownCharactersFallBackToBytes() throws IOException {
    var model = new ModelFile().bytePieces().pieces("▁", "a").trainer(t -> t.varint(35, 1));
    assertEquals("▁ <0xE9> <0x9B> <0xAA> a", pieces(model, "雪a"));
    assertEquals("▁ <0xEF> <0xBF> <0xBD> a", pieces(model, "\uD83Da"));
  }

  @Test
  void withoutBytesARunOfUnknownCharactersIsOneUnknownToken() throws IOException {
    assertEquals("▁ a <unk> a <unk>", pieces(new ModelFile().pieces("▁", "a"), "a雪🙂a?"));
  }

  @Test
  void piecesOfBytesAndControlTokensAreNotMadeFromText() throws IOException {
    var model = new ModelFile().bytePieces().trainer(t -> t.varint(35, 1));
    model.pieces("▁", "<", "0", "x", "A", ">", "s", "/", "</", "s>", "<0", "<0x", "0A", "0A>");
    assertEquals("▁ <0x 0A>", pieces(model, "<0x0A>"));
    assertEquals("▁ </ s>", pieces(model, "</s>"));
  }

  @Test
  void userDefinedPiecesAreFoundBeforeMerging() throws IOException {
    var model = new ModelFile().pieces("ab", "▁", "a", "b").piece("<b>", USER_DEFINED);
    model.pieces("<", ">");
    assertEquals("▁ ab <b> ab", pieces(model, "ab<b>ab"));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        // dummy prefix, remove extra white space, escape, text, pieces
        "1, 0, 1, \"a  a \", \"▁ a ▁ ▁ a ▁\"",
        "0, 0, 1, \"a  a \", \"a ▁ ▁ a ▁\"",
        "1, 1, 1, \"  a  a \", \"▁ a ▁ a\"",
        "0, 1, 1, \"  a  a \", \"a ▁ a\"",
        "1, 1, 1, \"   \", \"\"",
        "1, 0, 1, \"\", \"\"",
        "0, 0, 0, \"a a\", \"a   a\"",
      })
  void spacesFollowTheNormalizersRules(
      int dummyPrefix, int removeExtra, int escape, String text, String expected)
      throws IOException {
    var model = new ModelFile().pieces("▁", "a", " ");
    model.normalizer(n -> n.varint(3, dummyPrefix).varint(4, removeExtra).varint(5, escape));
    assertEquals(expected, pieces(model, text));
  }

  @Test
  void decodingDropsTheDummyPrefixOnly() throws IOException {
    var kept = new ModelFile().pieces("▁", "▁a", "a");
    kept.normalizer(n -> n.varint(4, 0));
    var tokenizer = kept.load(folder);
    for (var text : List.of("a", " a", "   a a ", " ")) {
      assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    }
  }

  @Test
  void theTrainerNamesBosAndEos() throws IOException {
    var model = new ModelFile().piece("<end>", CONTROL).trainer(t -> t.varint(42, 3));
    var tokenizer = model.load(folder);
    assertEquals(OptionalInt.of(1), tokenizer.bosId());
    assertEquals(OptionalInt.of(3), tokenizer.eosId());
    assertEquals("<end>", tokenizer.eosText().orElseThrow());
    // −1, written as SentencePiece does, means that there is none.
    assertEquals(
        OptionalInt.empty(), new ModelFile().trainer(t -> t.varint(41, -1)).load(folder).bosId());
  }

  @ParameterizedTest
  @CsvSource({"1, unigram", "3, word", "4, char"})
  void otherModelTypesAreRefusedByName(int type, String name) {
    assertRefused(
        new ModelFile().trainer(t -> t.varint(3, type)),
        "the model type is " + name + "; Bayu implements bpe only");
  }

  @Test
  void aModelWithoutTrainerIsRefusedAsUnigram() {
    var bytes =
        new ModelFile.Message().bytes(1, new ModelFile.Message().bytes(1, "a").toByteArray());
    assertRefused(bytes.toByteArray(), "the model type is unigram; Bayu implements bpe only");
  }

  @Test
  void whatChangesTheIdsInUnknownWaysIsRefusedByName() {
    assertRefused(
        new ModelFile().normalizer(n -> n.bytes(1, "nmt_nfkc").bytes(2, new byte[] {1})),
        "the normalizer \"nmt_nfkc\" maps characters; Bayu implements \"identity\" only");
    assertRefused(
        new ModelFile().trainer(t -> t.varint(24, 1)),
        "treat_whitespace_as_suffix is set, which Bayu does not implement");
    assertRefused(
        new ModelFile().piece("x", UNUSED),
        "piece 3 has the type UNUSED, which Bayu does not implement");
    assertRefused(
        new ModelFile().piece("x", 9), "piece 3 has the type 9, which SentencePiece does not have");
  }

  @Test
  void contradictionsAreRefused() {
    assertRefused(
        new ModelFile().pieces("a", "a"), "the token \"a\" stands there twice, with ids 3 and 4");
    assertRefused(new ModelFile().pieces(""), "piece 3 is empty");
    assertRefused(new ModelFile().piece("a", NORMAL, Float.NaN), "piece 3 has NaN as its score");
    assertRefused(
        new ModelFile().piece("<u>", UNKNOWN),
        "there is not exactly one piece of the type UNKNOWN");
    assertRefused(
        new ModelFile().trainer(t -> t.varint(35, 1)), "the byte piece <0x00> is missing");
    assertRefused(
        new ModelFile().trainer(t -> t.varint(42, 7)),
        "the trainer's bos_id or eos_id is not the id of a piece");
  }

  @Test
  void aFileCutShortAnywhereIsRefused() {
    var whole = new ModelFile().pieces("▁", "a").toByteArray();
    for (int length = 0; length < whole.length; length++) {
      // Without its last field, of twelve bytes, the file is whole: the normalizer has defaults.
      if (length != whole.length - 12) {
        var bytes = Arrays.copyOf(whole, length);
        var refusal =
            assertThrows(MalformedFileException.class, () -> load(bytes), bytes.length + " bytes");
        assertEquals(folder.resolve("tokenizer.model"), refusal.file());
      }
    }
  }

  @Test
  void bytesThatAreNoProtobufAreRefused() {
    assertRefused(new byte[0], "is empty");
    assertRefused(new byte[] {0x0A, 5, 'a'}, "is not a SentencePiece model: field 1 is cut short");
    assertRefused(
        new byte[] {0x0B}, "is not a SentencePiece model: field 1 has the wire type 3, not 2");
    assertRefused(new byte[] {0x03}, "is not a SentencePiece model: a field has the number 0");
    assertRefused(
        new byte[] {0x12, 2, 0x18, (byte) 0x80},
        "is not a SentencePiece model: the file is cut short");
    assertRefused(
        new byte[] {0x12, 12, 0x18, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1},
        "is not a SentencePiece model: an integer has more than ten bytes");
    assertRefused(
        new byte[] {0x0A, 3, 0x0A, 1, (byte) 0xFF},
        "is not a SentencePiece model: a string is not valid UTF-8");
    assertRefused(
        new byte[] {0x0A, 3, 0x15, 0, 0}, "is not a SentencePiece model: the file is cut short");
  }

  @Test
  void metasTiktokenFileIsRefusedWithTheWayOut() {
    assertRefused(
        "IQ== 0\nIg== 1\n".getBytes(StandardCharsets.US_ASCII),
        "is a tiktoken vocabulary, not a SentencePiece model; put tokenizer.json beside it");
  }

  private LlamaTokenizer load(byte[] bytes) throws IOException {
    Files.write(folder.resolve("tokenizer.model"), bytes);
    return LlamaTokenizer.load(folder);
  }

  private void assertRefused(ModelFile model, String reason) {
    assertRefused(model.toByteArray(), reason);
  }

  private void assertRefused(byte[] bytes, String reason) {
    var refusal = assertThrows(MalformedFileException.class, () -> load(bytes));
    assertEquals(folder.resolve("tokenizer.model") + ": " + reason, refusal.getMessage());
  }
}
