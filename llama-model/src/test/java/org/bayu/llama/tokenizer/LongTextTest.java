package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A million characters without a place to cut: O(n log n) takes about a second, O(n²) an hour. */
@Timeout(60)
class LongTextTest {
  private static final int LENGTH = 1 << 20;

  @ParameterizedTest
  @CsvSource({
    "sentencepiece, letters",
    "sentencepiece, spaces",
    "legacy, letters",
    "byte-level, letters",
    "byte-level, spaces",
    "byte-level, line ends"
  })
  void aMillionCharactersTakeNoTime(String form, String kind) throws IOException {
    var tokenizer = LlamaTokenizer.load(Path.of("src/test/resources/golden/tokenizer", form));
    var text = text(kind);
    assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
  }

  private static String text(String kind) {
    var random = new Random(5);
    var text = new StringBuilder(LENGTH);
    for (int i = 0; i < LENGTH; i++) {
      text.append(
          switch (kind) {
            case "letters" -> "aehinorst".charAt(random.nextInt(9));
            case "spaces" -> ' ';
            case "line ends" -> " \n".charAt(random.nextInt(2));
            default -> throw new IllegalArgumentException(kind);
          });
    }
    return text.toString();
  }
}
