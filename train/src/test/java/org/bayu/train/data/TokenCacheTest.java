package org.bayu.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.train.LossMask;
import org.bayu.train.TokenizedData;
import org.bayu.train.TokenizedExample;
import org.bayu.train.TrainException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenCacheTest {
  private static final PromptTemplate BARE =
      new PromptTemplate("{instruction}{input}", "{instruction}");
  private static final String ROWS =
      """
      {"instruction":"hello","input":" world","output":" yes"}
      {"prompt":"","completion":""}
      {"bad":1}
      {"prompt":"a h","completion":"e is"}
      """;

  @TempDir Path folder;
  private final List<String> messages = new ArrayList<>();

  private static LlamaTokenizer tokenizer(String name) throws IOException {
    return LlamaTokenizer.load(
        Path.of("../llama-model/src/test/resources/golden/tokenizer").resolve(name));
  }

  private TokenCache.Source source(
      String rows, String tokenizer, PromptTemplate template, int maxLength, boolean skip)
      throws IOException {
    return new TokenCache.Source(
        Files.writeString(folder.resolve("rows.jsonl"), rows),
        new RowReader(template, RowReader.Output.REQUIRED, skip, false),
        tokenizer(tokenizer),
        new LengthLimit(maxLength, false));
  }

  private TokenCache.Source source() throws IOException {
    return source(ROWS, "legacy", BARE, 100, true);
  }

  private TokenizedData load(TokenCache.Source source) throws IOException {
    return new TokenCache(folder.resolve("not/yet/there"), messages::add).load(source);
  }

  private List<Path> files() throws IOException {
    try (var files = Files.list(folder.resolve("not/yet/there"))) {
      return files.toList();
    }
  }

  private static IntList joined(int first, IntList middle, int last) {
    var ids = new IntArrayList();
    ids.add(first);
    ids.addAll(middle);
    ids.add(last);
    return ids;
  }

  @Test
  void anExampleIsBosPromptOutputAndEos() throws IOException {
    var tokenizer = tokenizer("legacy");
    var data = load(source());
    assertEquals(3, data.size());
    assertEquals(
        new TokenizedExample(
            joined(1, tokenizer.encode("hello world yes"), 2),
            1 + tokenizer.encode("hello world").size()),
        data.get(0));
    assertEquals(new TokenizedExample(IntList.of(1, 2), 1), data.get(1));
    assertEquals(new TokenizedData.Counts(1, 0, 1, 0), data.counts());
    assertEquals(1, messages.size());
    assertTrue(messages.getFirst().contains("Skipped 1 bad row: "), messages::toString);
    assertTrue(messages.getFirst().contains("rows.jsonl, line 3"), messages::toString);
  }

  @Test
  void promptAndOutputThatMergeAreCountedAndTheWholeIsTokenizedAsOne() throws IOException {
    var tokenizer = tokenizer("legacy");
    var merged = load(source()).get(2);
    assertEquals(joined(1, tokenizer.encode("a he is"), 2), merged.tokens());
    assertEquals(1 + tokenizer.encode("a h").size(), merged.sourceLength());
  }

  @Test
  void aLongExampleIsCutOnTheRight() throws IOException {
    var whole = load(source());
    var cut = load(source(ROWS, "legacy", BARE, 4, true));
    assertEquals(whole.get(0).tokens().subList(0, 4), cut.get(0).tokens());
    assertEquals(4, cut.get(0).sourceLength());
    assertEquals(whole.get(1), cut.get(1));
    assertEquals(2, cut.counts().truncatedRows());
    assertEquals(
        List.of(cut.get(1), cut.get(2)),
        cut.withLoss(LossMask.DEFAULT),
        "the first lost all of its answer");
  }

  @Test
  void whatIsCachedIsNotTokenizedAgain() throws IOException {
    var first = load(source());
    var time = Files.getLastModifiedTime(files().getFirst());
    messages.clear();
    var again = load(source());
    assertEquals(first, again);
    assertEquals(first.counts(), again.counts());
    assertEquals(time, Files.getLastModifiedTime(files().getFirst()));
    assertEquals(List.of(), messages, "a message would mean that rows were read");
  }

  @Test
  void anyOtherSourceHasAFileOfItsOwn() throws IOException {
    var good = ROWS.replace("{\"bad\":1}\n", "");
    load(source(good, "legacy", BARE, 100, false));
    var others =
        List.of(
            source(good + "\n", "legacy", BARE, 100, false),
            source(good, "metaspace", BARE, 100, false),
            source(good, "legacy", new PromptTemplate("{input}", "{instruction}"), 100, false),
            source(good, "legacy", new PromptTemplate("{instruction}{input}", "x"), 100, false),
            source(good, "legacy", BARE, 99, false),
            source(good, "legacy", BARE, 100, true),
            withSpecialTokens(source(good, "legacy", BARE, 100, false)));
    for (var i = 0; i < others.size(); i++) {
      // A source reads its file when asked: the first one changed it.
      Files.writeString(folder.resolve("rows.jsonl"), i == 0 ? good + "\n" : good);
      load(others.get(i));
      assertEquals(i + 2, files().size());
    }
  }

  @Test
  void aDamagedFileIsMadeAnewWithOneLine() throws IOException {
    // Copied: a mapped file must not be written over.
    var expected = TokenizedData.of(load(source()));
    var file = files().getFirst();
    var whole = Files.readAllBytes(file);
    var flipped = whole.clone();
    flipped[12] ^= 1;
    var swapped = whole.clone();
    swapped[0] ^= 1;
    for (var damaged :
        List.of(new byte[0], Arrays.copyOf(whole, whole.length - 1), flipped, swapped)) {
      Files.write(file, damaged);
      messages.clear();
      assertEquals(expected, load(source()));
      assertTrue(messages.getFirst().contains("damaged"), messages::toString);
      assertEquals(List.of(file), files());
    }
  }

  @Test
  void aBadRowLeavesNoFileBehind() throws IOException {
    var source = source(ROWS, "legacy", BARE, 100, false);
    assertThrows(TrainException.class, () -> load(source));
    assertEquals(List.of(), files());
  }

  @Test
  void aFolderThatCannotBeMadeIsNamed() throws IOException {
    var cache = new TokenCache(folder.resolve("rows.jsonl/cache"), messages::add);
    var source = source();
    var e = assertThrows(TrainException.class, () -> cache.load(source));
    assertTrue(String.valueOf(e.getMessage()).contains("cannot be written"), e::getMessage);
  }

  private static TokenCache.Source withSpecialTokens(TokenCache.Source source) {
    var reader = source.reader();
    return new TokenCache.Source(
        source.data(),
        new RowReader(reader.template(), reader.output(), reader.skipBadRows(), true),
        source.tokenizer(),
        source.limit());
  }

  @Test
  void rowsThatSpellASpecialTokenAreCountedAndItStaysText() throws IOException {
    var rows =
        """
        {"prompt":"a","completion":"b</s>"}
        {"prompt":"a","completion":"b"}
        """;
    var source = source(rows, "legacy", BARE, 100, false);
    var plain = load(source);
    assertEquals(1, plain.counts().spellingRows());
    assertTrue(plain.get(0).tokens().size() > 5, "spelled letter by letter");
    var special = load(withSpecialTokens(source));
    assertEquals(0, special.counts().spellingRows());
    var eos = special.get(0).tokens();
    assertEquals(IntList.of(2, 2), eos.subList(eos.size() - 2, eos.size()));
    assertEquals(plain.get(1), special.get(1));
  }

  @Test
  void aFileThatCannotBeReadTwiceIsRefused() throws IOException {
    var device = Path.of("/dev/null");
    assumeTrue(Files.exists(device));
    var source =
        new TokenCache.Source(
            device,
            new RowReader(BARE, RowReader.Output.REQUIRED, false, false),
            tokenizer("legacy"),
            new LengthLimit(9, false));
    var e = assertThrows(TrainException.class, () -> load(source));
    assertTrue(String.valueOf(e.getMessage()).contains("a pipe or a device"), e::getMessage);
  }

  @Test
  void aLongTextIsSplitAndEachTokenLearnedOnce() throws IOException {
    var text = "hello world yes a h e is ".repeat(7);
    var rows =
        "{\"text\":\"%s\"}\n{\"prompt\":\"a h\",\"completion\":\"%s\"}\n".formatted(text, text);
    var whole = load(source(rows, "legacy", BARE, 10_000, false)).getFirst().tokens();
    for (var limit : new int[] {2, 3, whole.size() - 1, whole.size()}) {
      var data = load(source(rows, "legacy", BARE, limit, false));
      var learned = new IntArrayList();
      for (var piece : data.subList(0, data.size() - 1)) {
        assertTrue(piece.tokens().size() <= limit);
        var begin = LossMask.DEFAULT.begin(piece);
        learned.addAll(piece.tokens().subList(begin + 1, LossMask.DEFAULT.end(piece) + 1));
        assertEquals(0, begin);
      }
      assertEquals(whole.subList(1, whole.size()), learned, "limit " + limit);
      assertEquals(Math.ceilDiv(whole.size() - 1, limit - 1), data.size() - 1);
      assertEquals(1, data.counts().truncatedRows(), "the row with a prompt is cut");
    }
  }
}
