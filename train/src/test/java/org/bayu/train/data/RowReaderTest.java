package org.bayu.train.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.bayu.llama.tokenizer.TemplateText;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.train.TrainException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowReaderTest {
  private static final PromptTemplate SHORT =
      new PromptTemplate("{instruction}|{input}>", "{instruction}>");
  private static final RowReader STRICT =
      new RowReader(SHORT, RowReader.Output.REQUIRED, false, false);

  @TempDir Path folder;

  /** A row's texts, whatever of them may spell special tokens. */
  private record Texts(String input, String prompt, String output) {
    static List<Texts> of(List<PromptedRow> rows) {
      return rows.stream()
          .map(row -> new Texts(row.input(), row.prompt().text(), row.output()))
          .toList();
    }
  }

  private List<PromptedRow> read(RowReader reader, byte[] content) throws IOException {
    var rows = new ArrayList<PromptedRow>();
    reader.read(Files.write(folder.resolve("rows.jsonl"), content), rows::add);
    return rows;
  }

  private List<PromptedRow> read(String content) throws IOException {
    return read(STRICT, content.getBytes(UTF_8));
  }

  private List<Texts> texts(String content) throws IOException {
    return Texts.of(read(content));
  }

  private void assertRefused(byte[] content, String... parts) {
    var e = assertThrows(TrainException.class, () -> read(STRICT, content));
    assertEquals(TrainException.Kind.INPUT_FILE, e.kind());
    var message = String.valueOf(e.getMessage());
    assertTrue(message.contains("rows.jsonl"), message);
    assertEquals(1, message.lines().count(), message);
    for (var part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private void assertRefused(String content, String... parts) {
    assertRefused(content.getBytes(UTF_8), parts);
  }

  @Test
  void aPromptBesideMessagesWithoutCompletionIsTheirFirstForDisplay() throws IOException {
    var conversation =
        "\"messages\":[{\"role\":\"user\",\"content\":\"q\"},"
            + "{\"role\":\"assistant\",\"content\":\"a\"}]}";
    assertEquals(
        List.of(new Texts("q", "q>", "a"), new Texts("p", "p", "c")),
        texts(
            "{\"prompt\":\"q\","
                + conversation
                + "\n{\"prompt\":\"p\",\"completion\":\"c\","
                + conversation));
  }

  @Test
  void anInstructionRowFillsTheTemplate() throws IOException {
    var rows =
        texts(
            """
            {"instruction":"I","input":"x","output":"y"}
            {"instruction_field":"I","input":"x","output":"y","references":["z"]}
            {"instruction":"I","input":null,"output":"y"}
            {"instruction":"I","output":""}
            """);
    assertEquals(new Texts("x", "I|x>", "y"), rows.get(0));
    assertEquals(rows.get(0), rows.get(1), "instruction_field is an alias");
    assertEquals(new Texts("I", "I>", "y"), rows.get(2));
    assertEquals(new Texts("I", "I>", ""), rows.get(3));
  }

  @Test
  void aPromptIsTakenAsItIs() throws IOException {
    assertEquals(
        List.of(new Texts("{p} ", "{p} ", "c")),
        texts("{\"prompt\":\"{p} \",\"completion\":\"c\"}"));
  }

  @Test
  void aTextIsLearnedWholeAndContinuedWhole() throws IOException {
    var row = "{\"text\":\"some words\",\"source\":\"a book\"}";
    assertEquals(List.of(new Texts("", "", "some words")), texts(row));
    var generating = new RowReader(SHORT, RowReader.Output.OPTIONAL, false, false);
    assertEquals(
        List.of(new Texts("some words", "some words", "")),
        Texts.of(read(generating, row.getBytes(UTF_8))));
  }

  @Test
  void theAssistantsLastMessageIsTheOutput() throws IOException {
    var rows =
        texts(
            """
            {"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}
            {"messages":[{"role":"system","content":"S"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}
            {"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"r"},{"role":"assistant","content":"b"}]}
            """);
    assertEquals(new Texts("q", "q>", "a"), rows.get(0));
    assertEquals(new Texts("q", "S|q>", "a"), rows.get(1));
    var conversation = "User: q\nAssistant: a\nUser: r";
    assertEquals(new Texts(conversation, conversation + ">", "b"), rows.get(2));
  }

  @Test
  void withoutAnOutputARowCanStillBePrompted() throws IOException {
    var reader = new RowReader(SHORT, RowReader.Output.OPTIONAL, false, false);
    var content =
        """
        {"instruction":"I","input":"x"}
        {"prompt":"p"}
        {"messages":[{"role":"user","content":"q"}]}
        """;
    assertEquals(
        List.of(new Texts("x", "I|x>", ""), new Texts("p", "p", ""), new Texts("q", "q>", "")),
        Texts.of(read(reader, content.getBytes(UTF_8))));
  }

  @Test
  void gzipCrlfEmptyLinesAndAByteOrderMarkMakeNoDifference() throws IOException {
    var content =
        """
        \ufeff{"instruction":"I","output":"\u00e9"}\r
        \r
         \s
        {"prompt":"p","completion":"c"}\
        """;
    var packed = gzip(content.getBytes(UTF_8));
    var expected = List.of(new Texts("I", "I>", "\u00e9"), new Texts("p", "p", "c"));
    assertEquals(expected, texts(content));
    assertEquals(expected, Texts.of(read(STRICT, packed)));
    assertRefused(Arrays.copyOf(packed, packed.length - 9), "damaged gzip file");
  }

  @Test
  void aBadLineIsNamedWithFileLineAndReason() {
    var good = "{\"instruction\":\"I\",\"output\":\"y\"}\n\n";
    assertRefused(
        good + "{\"instruction\":\"I\"}", "line 3", "'output' is missing", "skip_bad_rows: true");
    assertRefused(
        good + "{\"instruction\":7,\"output\":\"y\"}", "line 3", "must be text, not a num");
    assertRefused(good + "{\"words\":\"a\",\"b\":1}", "line 3", "found: words, b");
    assertRefused(good + "{\"prompt\":\"p\"}", "line 3", "'completion' is missing");
    assertRefused(good + "{\"instruction\":\"I\",", "line 3", "not JSON", "column");
    assertRefused(good + "{\"a\":1} {}", "line 3", "two JSON objects on one line");
    assertRefused(good + "{\"output\":\"a\",\"output\":\"b\"}", "line 3", "given twice");
    assertRefused(good + "\"text\"", "line 3", "object is expected, not text");
    assertRefused("[\n" + good, "line 1", "a JSON array", "jq");
    assertRefused((good + "{\"prompt\":\"caf\u00e9\"}").getBytes(ISO_8859_1), "line 3", "UTF-8");
    assertRefused(good + "{\"messages\":[]}", "line 3", "must be a list");
    assertRefused(
        good + "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}",
        "line 3",
        "must be the assistant's");
    assertRefused(
        good + "{\"messages\":[{\"role\":\"assistant\",\"content\":\"q\"}]}", "line 3", "answer");
    assertRefused(
        good + "{\"messages\":[{\"role\":\"tool\",\"content\":\"q\"}]}", "line 3", "'tool'");
    assertRefused(good + "{\"messages\":[\"hello\"]}", "line 3", "'role' is missing");
  }

  @Test
  void aTemplateFieldThatARowHasNotIsABadLine() {
    var reader =
        new RowReader(
            new PromptTemplate("{topic}", "{topic}"), RowReader.Output.REQUIRED, false, false);
    var e =
        assertThrows(
            TrainException.class,
            () -> read(reader, "{\"instruction\":\"I\",\"output\":\"y\"}".getBytes(UTF_8)));
    assertTrue(
        String.valueOf(e.getMessage()).contains("line 1: the template names {topic}, a field"));
  }

  @Test
  void badLinesCanBePassedOverAndAreCounted() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("rows.jsonl"), "{}\n{\"prompt\":\"p\",\"completion\":\"c\"}\nx\n");
    var rows = new ArrayList<PromptedRow>();
    var report = new RowReader(SHORT, RowReader.Output.REQUIRED, true, false).read(file, rows::add);
    assertEquals(1, rows.size());
    assertEquals(1, report.rows());
    assertEquals(2, report.skipped());
    assertTrue(String.valueOf(report.firstSkipped()).contains("line 1: an object without fields"));
    assertNull(STRICT.read(rows(), rows::add).firstSkipped());
  }

  private Path rows() throws IOException {
    return Files.writeString(
        folder.resolve("good.jsonl"), "{\"prompt\":\"p\",\"completion\":\"c\"}");
  }

  @Test
  void aFileWithoutGoodRowsIsRefused() {
    assertRefused("\n\n", "no rows");
    var skipping = new RowReader(SHORT, RowReader.Output.REQUIRED, true, false);
    var e = assertThrows(TrainException.class, () -> read(skipping, "{}\n{}".getBytes(UTF_8)));
    assertTrue(String.valueOf(e.getMessage()).contains("no row can be used; the first is "));
  }

  @Test
  void aMissingFileOrAFolderIsNamed() {
    assertThrows(
        NoSuchFileException.class, () -> STRICT.read(folder.resolve("none.jsonl"), _ -> {}));
    var e = assertThrows(TrainException.class, () -> STRICT.read(folder, _ -> {}));
    assertTrue(String.valueOf(e.getMessage()).contains("a folder"));
  }

  @Test
  void onlyWhereItIsAskedForMayRowsSpellSpecialTokens() throws IOException {
    var content =
        """
        {"instruction":"I<s>","input":"x","output":"</s>"}
        {"prompt":"<s>p","completion":"</s>"}
        """
            .getBytes(UTF_8);
    var plain = read(STRICT, content);
    assertEquals(
        TemplateText.EMPTY.field("I<s>").literal("|").field("x").literal(">"),
        plain.get(0).prompt());
    assertEquals(plain.get(0).prompt().field("</s>"), plain.get(0).whole());
    assertEquals(TemplateText.EMPTY.field("<s>p"), plain.get(1).prompt());
    var special = read(new RowReader(SHORT, RowReader.Output.REQUIRED, false, true), content);
    assertEquals(TemplateText.EMPTY.literal("I<s>|x>"), special.get(0).prompt());
    assertEquals(TemplateText.EMPTY.literal("I<s>|x></s>"), special.get(0).whole());
    assertEquals(TemplateText.EMPTY.literal("<s>p</s>"), special.get(1).whole());
  }

  @Test
  void aTemplateShowsNumbersAsPythonPrintsThem() throws IOException {
    var reader =
        new RowReader(
            new PromptTemplate("", "{a} {b} {c} {d}"), RowReader.Output.REQUIRED, false, false);
    var row = "{\"instruction\":\"I\",\"output\":\"y\",\"a\":12,\"b\":1.50,\"c\":true,\"d\":null}";
    assertEquals("12 1.5 True None", read(reader, row.getBytes(UTF_8)).getFirst().prompt().text());
    var list = row.replace("12", "[12]").getBytes(UTF_8);
    var e = assertThrows(TrainException.class, () -> read(reader, list));
    assertTrue(String.valueOf(e.getMessage()).contains("'a', which is a list"), e::getMessage);
  }

  @Test
  void whatIsBeyondTheLimitsOfJsonIsABadLineAndCanBePassedOver() throws IOException {
    var good = "{\"prompt\":\"p\",\"completion\":\"c\"}\n";
    var skipping = new RowReader(SHORT, RowReader.Output.REQUIRED, true, false);
    for (var bad :
        List.of(
            "{\"a\":" + "[".repeat(1100) + "]".repeat(1100) + "}\n",
            "{\"a\":" + "7".repeat(1100) + "}\n",
            "{\"" + "k".repeat(60_000) + "\":1}\n",
            "{\"a\":\"" + "x".repeat(21_000_000) + "\"}\n",
            "{\"a\":\"\\ud800\"}\n")) {
      var content = (good + bad + good).getBytes(UTF_8);
      assertRefused(content, "line 2: not JSON (column ", "skip_bad_rows");
      assertEquals(2, read(skipping, content).size());
    }
  }

  @Test
  void whatCanBeToldOfAFileThatIsNoJsonLinesIsSaid() {
    assertRefused("{\"a\":1}{\"a\":2}", "line 1: two JSON objects on one line");
    assertRefused("{\"a\":1}\r{\"a\":2}\r", "line 1: lines that end in CR alone", "tr ");
    assertRefused("{\n\"a\":1}", "line 1: an object over several lines", "jq -c . F");
    assertRefused("instruction,output\nI,y\n", "line 1: CSV or another table", ".csv");
    assertRefused("\ufeff[{\"a\":1}]", "line 1: a JSON array", "jq -c '.[]' F");
    assertRefused("{\"a\":1,}", "line 1: not JSON (column 8: there is a comma before })");
  }

  @Test
  void aFileOfAnotherKindIsNamedByWhatItIs() {
    var starts =
        Map.ofEntries(
            Map.entry("PAR1", "a Parquet file"),
            Map.entry("ARROW1\0\0", "an Arrow file"),
            Map.entry("PK\3\4", "a zip archive"),
            Map.entry("(\u00b5/\u00fd", "packed with zstd"),
            Map.entry("\u00fd7zXZ\0", "packed with xz"),
            Map.entry("BZh9", "packed with bzip2"),
            Map.entry("\4\"M\u0018", "packed with lz4"),
            Map.entry("7z\u00bc\u00af'\u001c", "a 7-Zip archive"),
            Map.entry("rows.jsonl" + "\0".repeat(247) + "ustar", "a tar archive"),
            Map.entry("SQLite format 3\0", "an SQLite database"),
            Map.entry("\u00ff\u00fe{\0", "UTF-16"),
            Map.entry("\u00ff\u00fe\0\0{\0\0\0", "UTF-32"),
            Map.entry("\0".repeat(20), "zero bytes"),
            Map.entry("\n<!DOCTYPE html>", "an HTML page"));
    starts.forEach(
        (start, what) ->
            assertRefused(start.getBytes(ISO_8859_1), "rows.jsonl: ", what, "not JSON Lines"));
  }

  @Test
  void aPointerOfGitLfsIsNamedByWhatItIs() {
    var pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0".repeat(64) + "\nsize 9\n";
    var e = assertThrows(MalformedFileException.class, () -> read(STRICT, pointer.getBytes(UTF_8)));
    assertTrue(e.toString().contains("rows.jsonl: is a Git LFS pointer"), e::toString);
  }

  @Test
  void gzipIsUnpackedOnce() throws IOException {
    var packed = gzip(gzip("{}".getBytes(UTF_8)));
    assertRefused(packed, "packed with gzip twice");
    assertRefused(gzip("PAR1".getBytes(UTF_8)), "a Parquet file");
    assertRefused(Arrays.copyOf(gzip("{}".getBytes(UTF_8)), 5), "damaged gzip", "too early");
  }

  @Test
  void allMembersOfAGzipFileAreReadAndADamagedOneIsRefused() throws IOException {
    var row = "{\"prompt\": \"a\", \"completion\": \"b\"}\n";
    var first = gzip(row.repeat(2).getBytes(UTF_8));
    var joined = join(first, gzip(row.getBytes(UTF_8)), gzip(new byte[0]));
    assertEquals(3, read(STRICT, joined).size());
    assertEquals(2, read(STRICT, join(first, new byte[512])).size());
    for (var at = 0; at < 4; at++) {
      var damaged = joined.clone();
      damaged[first.length + at] ^= 0x55;
      assertRefused(damaged, "a damaged gzip file");
    }
    for (var end = first.length + 1; end < first.length + 12; end++) {
      assertRefused(Arrays.copyOf(joined, end), "a damaged gzip file");
    }
  }

  private static byte[] join(byte[]... members) {
    var joined = new ByteArrayOutputStream();
    for (var member : members) {
      joined.writeBytes(member);
    }
    return joined.toByteArray();
  }

  @Test
  void aLineHas64MegabytesAtMost() throws IOException {
    var file = folder.resolve("rows.jsonl");
    try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.writeBytes(" ".repeat(100));
      sparse.setLength((64L << 20) + 1);
    }
    var e = assertThrows(TrainException.class, () -> STRICT.read(file, row -> {}));
    assertTrue(e.toString().contains("line 1: the line is longer than 64 MB"), e::toString);
  }

  @Test
  void gzipDoesNotUnpackWithoutEnd() throws IOException {
    var row = "{\"prompt\": \"a\", \"completion\": \"b\"}";
    var spaces = " ".repeat(1 << 20);
    assertEquals(1, read(STRICT, gzip((spaces + "\n" + row).getBytes(UTF_8))).size());
    assertRefused(
        gzip((row + "\n" + spaces.repeat(17)).getBytes(UTF_8)),
        "unpacks to more than 200 times its size. If it is right, unpack it: gzip -d.");
  }

  private static byte[] gzip(byte[] content) throws IOException {
    var packed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(packed)) {
      gzip.write(content);
    }
    return packed.toByteArray();
  }

  @Test
  void namesFromAFileAreNeverPrintedRaw() {
    assertRefused("{\"\\u001b[31m\":1}", "\\u001b[31m");
    assertRefused(
        "{\"" + "k".repeat(5000) + "\":1,\"a\":1,\"b\":1,\"c\":1}",
        "(5000 characters), a, b and 1 more");
    assertRefused(
        "{\"messages\":[{\"role\":\"\\u001b]\",\"content\":\"q\"}]}", "'\\u001b]' is unknown");
  }
}
