package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ByteLevelBpeTrainerTest {
  @TempDir Path folder = Path.of("");

  private LlamaTokenizer train(Iterable<String> texts, int vocabSize) throws IOException {
    ByteLevelBpeTrainer.train(texts, vocabSize, folder);
    return LlamaTokenizer.load(folder);
  }

  @Test
  void theMostFrequentPairsAreMergedUntilNoneOccursTwice() throws IOException {
    var tokenizer = train(List.of("aaabdaaabac"), 1000);
    // aa 4 times, then ab and aaa twice each, of which ab has the smaller ids, then aaab.
    assertEquals("aa", tokenizer.piece(258));
    assertEquals("ab", tokenizer.piece(259));
    assertEquals("aaab", tokenizer.piece(260));
    assertEquals(261, tokenizer.vocabSize());
    int byteA = 2 + 'a';
    assertEquals(
        IntList.of(260, byteA + 3, 260, byteA, byteA + 2), tokenizer.encode("aaabdaaabac"));
  }

  @Test
  void theVocabularyHasNoMoreTokensThanAskedFor() throws IOException {
    assertEquals(259, train(List.of("aaabdaaabac"), 259).vocabSize());
    assertEquals(258, train(List.of("aaabdaaabac"), 258).vocabSize());
    assertThrows(IllegalArgumentException.class, () -> train(List.of(), 257));
  }

  @Test
  void everyTextComesBack() throws IOException {
    var tokenizer = train(List.of("inform(name[The Long Winter], rating[good])"), 300);
    for (var text : List.of("", " ", "  a\n\n b ", "雪🙂é\0", "</s><s>", "rating [ good ]")) {
      assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    }
  }

  @Test
  void bosIsPutInFrontAndEosIsKnown() throws IOException {
    var tokenizer = train(List.of(), 258);
    assertEquals(
        IntList.of(0, 2 + 'a', 1), tokenizer.encode("a", EncodeOption.TEMPLATE, EncodeOption.EOS));
    assertEquals("</s>", tokenizer.eosText().orElseThrow());
  }

  @Test
  void aTextThatSpellsASpecialTokenDoesNotBecomeIt() throws IOException {
    var tokenizer = train(List.of("</s></s></s></s>", "<s><s><s><s>"), 1000);
    var ids = tokenizer.encode("</s><s>");
    assertTrue(ids.intStream().noneMatch(tokenizer::isSpecial), ids.toString());
    assertEquals("</s><s>", tokenizer.decode(ids));
  }

  @Test
  void thousandsOfLinesGiveTheSameFilesEachTime() throws IOException {
    var random = new Random(11);
    var texts = new ArrayList<String>();
    for (int i = 0; i < 3000; i++) {
      var line = new StringBuilder();
      for (int word = 0; word < 20; word++) {
        line.append(' ').append(Integer.toString(random.nextInt(5000) * 977, 36));
      }
      texts.add(line.toString());
    }
    train(texts, 1000);
    var first = Files.readAllBytes(folder.resolve("tokenizer.json"));
    assertEquals(1000, train(texts, 1000).vocabSize());
    assertArrayEquals(first, Files.readAllBytes(folder.resolve("tokenizer.json")));
  }
}
