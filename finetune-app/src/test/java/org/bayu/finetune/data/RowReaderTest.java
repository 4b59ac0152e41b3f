package org.bayu.finetune.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.bayu.finetune.ExitCode;
import org.bayu.finetune.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowReaderTest {
  private static final PromptTemplate SHORT =
      new PromptTemplate("{instruction}|{input}>", "{instruction}>");
  private static final RowReader STRICT = new RowReader(SHORT, RowReader.Output.REQUIRED, false);

  @TempDir Path folder;

  private List<PromptedRow> read(RowReader reader, byte[] content) throws IOException {
    var rows = new ArrayList<PromptedRow>();
    reader.read(Files.write(folder.resolve("rows.jsonl"), content), rows::add);
    return rows;
  }

  private List<PromptedRow> read(String content) throws IOException {
    return read(STRICT, content.getBytes(UTF_8));
  }

  private void assertRefused(byte[] content, String... parts) {
    var e = assertThrows(UserException.class, () -> read(STRICT, content));
    assertEquals(ExitCode.INPUT_FILE, e.exitCode());
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
  void anInstructionRowFillsTheTemplate() throws IOException {
    var rows =
        read(
            """
            {"instruction":"I","input":"x","output":"y"}
            {"instruction_field":"I","input":"x","output":"y","references":["z"]}
            {"instruction":"I","input":null,"output":"y"}
            {"instruction":"I","output":""}
            """);
    assertEquals(new PromptedRow("x", "I|x>", "y"), rows.get(0));
    assertEquals(rows.get(0), rows.get(1), "instruction_field is an alias");
    assertEquals(new PromptedRow("I", "I>", "y"), rows.get(2));
    assertEquals(new PromptedRow("I", "I>", ""), rows.get(3));
  }

  @Test
  void aPromptIsTakenAsItIs() throws IOException {
    assertEquals(
        List.of(new PromptedRow("{p} ", "{p} ", "c")),
        read("{\"prompt\":\"{p} \",\"completion\":\"c\"}"));
  }

  @Test
  void theAssistantsLastMessageIsTheOutput() throws IOException {
    var rows =
        read(
            """
            {"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}
            {"messages":[{"role":"system","content":"S"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}
            {"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"r"},{"role":"assistant","content":"b"}]}
            """);
    assertEquals(new PromptedRow("q", "q>", "a"), rows.get(0));
    assertEquals(new PromptedRow("q", "S|q>", "a"), rows.get(1));
    var conversation = "User: q\nAssistant: a\nUser: r";
    assertEquals(new PromptedRow(conversation, conversation + ">", "b"), rows.get(2));
  }

  @Test
  void withoutAnOutputARowCanStillBePrompted() throws IOException {
    var reader = new RowReader(SHORT, RowReader.Output.OPTIONAL, false);
    var content =
        """
        {"instruction":"I","input":"x"}
        {"prompt":"p"}
        {"messages":[{"role":"user","content":"q"}]}
        """;
    assertEquals(
        List.of(
            new PromptedRow("x", "I|x>", ""),
            new PromptedRow("p", "p", ""),
            new PromptedRow("q", "q>", "")),
        read(reader, content.getBytes(UTF_8)));
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
    var packed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(packed)) {
      gzip.write(content.getBytes(UTF_8));
    }
    var expected = List.of(new PromptedRow("I", "I>", "\u00e9"), new PromptedRow("p", "p", "c"));
    assertEquals(expected, read(content));
    assertEquals(expected, read(STRICT, packed.toByteArray()));
    assertRefused(Arrays.copyOf(packed.toByteArray(), packed.size() - 9), "damaged gzip file");
  }

  @Test
  void aBadLineIsNamedWithFileLineAndReason() {
    var good = "{\"instruction\":\"I\",\"output\":\"y\"}\n\n";
    assertRefused(good + "{\"instruction\":\"I\"}", "line 3", "'output' is missing", "--skip_bad");
    assertRefused(good + "{\"instruction\":7,\"output\":\"y\"}", "line 3", "must be text, not num");
    assertRefused(good + "{\"text\":\"a\",\"b\":1}", "line 3", "found: text, b");
    assertRefused(good + "{\"prompt\":\"p\"}", "line 3", "'completion' is missing");
    assertRefused(good + "{\"instruction\":\"I\",", "line 3", "not JSON", "column");
    assertRefused(good + "{\"a\":1} {}", "line 3", "not JSON");
    assertRefused(good + "{\"output\":\"a\",\"output\":\"b\"}", "line 3", "Duplicate");
    assertRefused(good + "\"text\"", "line 3", "object is expected, not string");
    assertRefused("[\n" + good, "line 1", "not an array");
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
        new RowReader(new PromptTemplate("{topic}", "{topic}"), RowReader.Output.REQUIRED, false);
    var e =
        assertThrows(
            UserException.class,
            () -> read(reader, "{\"instruction\":\"I\",\"output\":\"y\"}".getBytes(UTF_8)));
    assertTrue(String.valueOf(e.getMessage()).contains("line 1: the field 'topic'"));
  }

  @Test
  void badLinesCanBePassedOverAndAreCounted() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("rows.jsonl"), "{}\n{\"prompt\":\"p\",\"completion\":\"c\"}\nx\n");
    var rows = new ArrayList<PromptedRow>();
    var report = new RowReader(SHORT, RowReader.Output.REQUIRED, true).read(file, rows::add);
    assertEquals(1, rows.size());
    assertEquals(1, report.rows());
    assertEquals(2, report.skipped());
    assertTrue(String.valueOf(report.firstSkipped()).contains("line 1: none of the fields"));
    assertNull(STRICT.read(rows(), rows::add).firstSkipped());
  }

  private Path rows() throws IOException {
    return Files.writeString(
        folder.resolve("good.jsonl"), "{\"prompt\":\"p\",\"completion\":\"c\"}");
  }

  @Test
  void aFileWithoutGoodRowsIsRefused() {
    assertRefused("\n\n", "no rows");
    var skipping = new RowReader(SHORT, RowReader.Output.REQUIRED, true);
    var e = assertThrows(UserException.class, () -> read(skipping, "{}\n{}".getBytes(UTF_8)));
    assertTrue(String.valueOf(e.getMessage()).contains("all 2 rows are bad"));
  }

  @Test
  void aMissingFileOrAFolderIsNamed() {
    assertThrows(
        NoSuchFileException.class, () -> STRICT.read(folder.resolve("none.jsonl"), _ -> {}));
    var e = assertThrows(UserException.class, () -> STRICT.read(folder, _ -> {}));
    assertTrue(String.valueOf(e.getMessage()).contains("a folder"));
  }
}
