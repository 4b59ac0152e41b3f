package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrepareCommandTest {
  @TempDir Path folder;

  private Path file(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private CommandLineRun prepare(Path input, Object... more) {
    var args = new ArrayList<Object>();
    args.addAll(List.of("prepare", "--format", "viggo", "--input", input));
    args.addAll(List.of("--output", folder.resolve("out.jsonl")));
    args.addAll(List.of(more));
    return CommandLineRun.of(args.toArray());
  }

  private List<JsonNode> rows() throws IOException {
    var rows = new ArrayList<JsonNode>();
    for (var line : Files.readAllLines(folder.resolve("out.jsonl"))) {
      rows.add(new ObjectMapper().readTree(line));
    }
    return rows;
  }

  private void assertRefused(String csv, String... parts) throws IOException {
    var sentence = prepare(file("bad.csv", csv)).sentence(ExitCode.INPUT_FILE);
    for (var part : parts) {
      assertTrue(sentence.contains(part), sentence);
    }
    assertTrue(sentence.contains("bad.csv"), sentence);
    assertFalse(Files.exists(folder.resolve("out.jsonl")), "nothing half written");
  }

  @Test
  void aSplitIsRefusedBesideAFile() throws IOException {
    var input = file("in.csv", "mr,ref\na(),b\n");
    assertEquals(
        "bayu: --split is for a data set on the Hub, and " + input + " is a file.",
        prepare(input, "--split=test").sentence(ExitCode.USAGE));
  }

  @Test
  void quotesCommasAndLineEndsInsideFieldsAreText() throws IOException {
    var csv = "mr,ref\r\n\"a(x[1, 2])\",\"Say \"\"hi\"\",\nnow\"\r\nb(),Plain\r\n\r\n\"c()\",\"\"";
    assertEquals(ExitCode.DONE, prepare(file("in.csv", csv)).exitCode());
    var rows = rows();
    assertEquals(3, rows.size());
    assertEquals("a(x[1, 2])", rows.get(0).get("output").textValue());
    assertEquals("Say \"hi\",\nnow", rows.get(0).get("input").textValue());
    assertEquals("Plain", rows.get(1).get("input").textValue());
    assertEquals("", rows.get(2).get("input").textValue());
  }

  @Test
  void gemsColumnNamesAreKnownInAnyOrderAndAfterAByteOrderMark() throws IOException {
    var csv = "\ufeffgem_id,target,meaning_representation\n7,Hello?,greet()\n";
    assertEquals(ExitCode.DONE, prepare(file("in.csv", csv)).exitCode());
    assertEquals("Hello?", rows().getFirst().get("input").textValue());
    assertEquals("greet()", rows().getFirst().get("output").textValue());
  }

  @Test
  void theInstructionIsTheGivenFilesTextToTheLastLineEnd() throws IOException {
    var prompt = file("prompt.txt", "Parse the query.\n");
    prepare(file("in.csv", "mr,ref\na(),b\n"), "--prompt", prompt);
    assertEquals("Parse the query.\n", rows().getFirst().get("instruction").textValue());
    prepare(file("in.csv", "mr,ref\na(),b\n"));
    assertTrue(
        rows().getFirst().get("instruction").textValue().startsWith("You are a helpful chatbot"));
  }

  @Test
  void badCsvIsRefusedWithFileLineAndReason() throws IOException {
    assertRefused("", "empty");
    assertRefused("mr,ref\n", "no rows");
    assertRefused("mr,text\na,b\n", "line 2", "'ref' or 'target'", "mr, text");
    assertRefused("mr,ref\n\"a\nb\",c\nonlyone\n", "line 4", "1 fields", "has 2");
    assertRefused("mr,ref\na,\"b\n", "line 2", "not closed");
    assertRefused("mr,ref\na,\"b\"c\n", "line 2", "behind the closing quote");
    assertRefused("mr,ref\n\"" + "a".repeat(10_000_001), "line 2", "longer than 10000000");
    assertRefused("mr,ref\n" + ",".repeat(1000) + "\n", "line 2", "more than 1000 fields");
    assertRefused("mr,ref\na,b\"c\"\n", "line 2", "quote inside a field");
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() throws IOException {
    var latin1 = folder.resolve("latin1.csv");
    Files.write(latin1, "mr,ref\na,caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
    var sentence = prepare(latin1).sentence(ExitCode.INPUT_FILE);
    assertTrue(sentence.contains("latin1.csv: not UTF-8"), sentence);
  }

  @Test
  void aMissingInputOrPromptIsNamed() throws IOException {
    var sentence = prepare(folder.resolve("none.csv")).sentence(ExitCode.INPUT_FILE);
    assertTrue(sentence.contains("none.csv"), sentence);
    var input = file("in.csv", "mr,ref\na(),b\n");
    sentence = prepare(input, "--prompt", folder.resolve("none.txt")).sentence(ExitCode.INPUT_FILE);
    assertTrue(sentence.contains("none.txt"), sentence);
  }

  @Test
  void anOutputThatCannotBeWrittenIsNamed() throws IOException {
    var input = file("in.csv", "mr,ref\na(),b\n");
    var inAFile =
        CommandLineRun.of(
            "prepare", "--format", "viggo", "--input", input, "--output", input.resolve("o"));
    assertTrue(inAFile.sentence(ExitCode.FAILED).contains("cannot be written"), inAFile.err());
    var onAFolder =
        CommandLineRun.of("prepare", "--format", "viggo", "--input", input, "--output", folder);
    assertTrue(onAFolder.sentence(ExitCode.FAILED).contains("not a regular"), onAFolder.err());
  }

  @Test
  void viggosOwnFilesGiveAllTheirRowsInOrder() throws IOException {
    assertEquals(ExitCode.DONE, prepare(TestFiles.shared("viggo/train.csv")).exitCode());
    assertEquals(5103, rows().size());
    var first = rows().getFirst();
    assertTrue(first.get("input").textValue().startsWith("Dirt: Showdown from 2012"));
    assertTrue(first.get("output").textValue().endsWith("has_mac_release[no])"));
    assertEquals(
        Files.readString(TestFiles.shared("viggo/prompt.txt")),
        first.get("instruction").textValue());
    prepare(TestFiles.shared("viggo/valid.csv"));
    assertEquals(714, rows().size());
  }

  @Test
  void aFolderInPlaceOfAFileIsNamed() throws IOException {
    var input = file("in.csv", "mr,ref\na(),b\n");
    var prompt = prepare(input, "--prompt", folder).sentence(ExitCode.INPUT_FILE);
    assertEquals("bayu: " + folder + ": is a folder, where a file is expected.", prompt);
    var csv = prepare(folder).sentence(ExitCode.INPUT_FILE);
    assertEquals("bayu: " + folder + ": a folder, where a file is expected (CSV).", csv);
  }

  @Test
  void aFormatThatIsUnknownIsAnsweredWithTheKnownOne() {
    var run = CommandLineRun.of("prepare", "--format", "alpaca", "--input", "a", "--output", "b");
    var sentence = run.sentence(ExitCode.USAGE);
    assertTrue(sentence.startsWith("bayu: --format: 'alpaca', where viggo is expected."), sentence);
  }
}
