package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecoderTest {
  private static final int BOS = 1;
  private static final int FIRST_BYTE = 3;

  @TempDir Path folder = Path.of("");

  private LlamaTokenizer tokenizer() throws IOException {
    return new ModelFile()
        .bytePieces()
        .pieces("▁", "▁a", "a")
        .trainer(t -> t.varint(35, 1))
        .normalizer(n -> n.varint(4, 0))
        .load(folder);
  }

  private static int byteId(int unsignedByte) {
    return FIRST_BYTE + unsignedByte;
  }

  @BeforeEach
  void theIdsAreWhatTheTestsSay() throws IOException {
    assertEquals("<0xF0>", tokenizer().piece(byteId(0xF0)));
  }

  @Test
  void aPartialCharacterIsHeldBackUntilItIsWhole() throws IOException {
    var decoder = tokenizer().newDecoder();
    assertEquals("", decoder.push(byteId(0xF0)));
    assertEquals("", decoder.push(byteId(0x9F)));
    assertEquals("", decoder.push(byteId(0x99)));
    assertEquals("🙂", decoder.push(byteId(0x82)));
    assertEquals("", decoder.finish());
  }

  @Test
  void aCharacterThatIsNeverWholeIsReplacedWhenThatIsKnown() throws IOException {
    var tokenizer = tokenizer();
    var decoder = tokenizer.newDecoder();
    assertEquals("", decoder.push(byteId(0xE9)));
    assertEquals("\uFFFDa", decoder.push(tokenizer.id("a").orElseThrow()));
    assertEquals("", decoder.push(byteId(0xE9)));
    assertEquals("\uFFFD", decoder.finish());
  }

  /** In tokenizers a broken character takes the bytes beside it along: a line break, in Llama 2. */
  @Test
  void aLineBreakBeforeABrokenCharacterStays() throws IOException {
    var ids = IntList.of(byteId('\n'), byteId(0xF0), byteId(0x9F));
    assertEquals("\n\uFFFD\uFFFD", tokenizer().decode(ids));
    var decoder = tokenizer().newDecoder();
    assertEquals("\n", decoder.push(byteId('\n')));
    assertEquals("", decoder.push(byteId(0xF0)));
    assertEquals("", decoder.push(byteId(0x9F)));
    assertEquals("\uFFFD\uFFFD", decoder.finish());
  }

  @Test
  void theFirstSpaceIsDroppedOnceATextEvenBehindSpecialTokens() throws IOException {
    var tokenizer = tokenizer();
    int a = tokenizer.id("▁a").orElseThrow();
    var decoder = tokenizer.newDecoder();
    assertEquals("", decoder.push(BOS));
    assertEquals("a", decoder.push(a));
    assertEquals(" a", decoder.push(a));
    assertEquals("", decoder.finish());
    assertEquals("a", decoder.push(a), "a new text");
  }
}
