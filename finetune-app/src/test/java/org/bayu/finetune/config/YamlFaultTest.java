package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class YamlFaultTest {
  private static final int LONGEST = 400;

  /** Words of the parser. */
  private static final Pattern FOREIGN =
      Pattern.compile(
          "while|scann?ing|parsing|scalar|token|reader|flow|block|<|expected ','|found|mapping"
              + "|simple key|Exception|Jackson|stream");

  @TempDir private Path folder;

  private String refusal(String yaml) throws IOException {
    var file = Files.writeString(folder.resolve("run.yaml"), yaml);
    var e =
        assertThrows(
            UserException.class, () -> TrainConfig.load(file, List.of(), TestFiles.HERE), yaml);
    var message = String.valueOf(e.getMessage());
    assertEquals(1, message.lines().count(), message);
    assertTrue(message.startsWith(file + ", line "), message);
    var sentence = message.substring(file.toString().length());
    assertTrue(sentence.length() <= LONGEST, sentence);
    assertFalse(FOREIGN.matcher(sentence).find(), sentence);
    assertTrue(sentence.chars().allMatch(c -> (c >= ' ' && c < 0x7f) || c == '…'), sentence);
    return sentence;
  }

  static Stream<Arguments> faults() {
    return Stream.of(
        Arguments.of("data: t\ntrainer:\n\tseed: 1\n", 3, 1, "a tab stands where spaces"),
        Arguments.of("data: a: b\n", 1, 8, "a colon stands where no key can be"),
        Arguments.of("data: - a\n", 1, 7, "a list begins on a line of its own"),
        Arguments.of("data: \"a\\d\"\n", 1, 10, "\\ is written \\\\"),
        Arguments.of("data: \"a\\xzz\"\n", 1, 11, "\\ is written \\\\"),
        Arguments.of("x: 1\ndata: 'open\nlora: {}\n", 2, 7, "this quote is not closed"),
        Arguments.of("data: \"open\n", 1, 7, "this quote is not closed"),
        Arguments.of("data: [a, b\nlora:\n  r: 1\n", 1, 7, "this list has no ]"),
        Arguments.of("lora: [{r: 1} b]\n", 1, 7, "lacks a comma"),
        Arguments.of("data: t\nlora: {r: 1\n", 2, 7, "this section has no }"),
        Arguments.of("data: [,]\n", 1, 8, "a value is missing"),
        Arguments.of("data: | x\n", 1, 9, "after | or > the line must end"),
        Arguments.of("data: &\n", 1, 8, "& or * must stand in quotes"),
        Arguments.of("data: *.jsonl\n", 1, 8, "& or * must stand in quotes"),
        Arguments.of("? [a]\n: b\n", 1, 4, "a key must be a single text"),
        Arguments.of("data:\n- a\nb\n", 3, 1, "after a key"),
        Arguments.of("- a\nb: c\n", 2, 1, "begins with a dash"),
        Arguments.of("data: 'a' b\n", 1, 11, "'key: value' is expected"),
        Arguments.of("lora:\n    r: 1\n  alpha: 2\n", 3, 3, "Check the indentation"),
        Arguments.of("data: t\nlora\nseed: 1\n", 2, 1, "a colon and a space"),
        Arguments.of("{data: t} x\n", 1, 11, "more than one section"),
        Arguments.of("data: @here\n", 1, 7, "begins with @ must stand in quotes"),
        Arguments.of("data: `x`\n", 1, 7, "begins with ` must stand in quotes"),
        Arguments.of("data: %x\n", 1, 7, "begins with % must stand in quotes"),
        Arguments.of("%x y\ndata: t\n", 2, 1, "Check the brackets, and a % that begins a line"),
        Arguments.of("data: !<x\n", 1, 10, "begins with ! must stand in quotes"),
        Arguments.of("data: t\nlora: \u0007\n", 2, 7, "the control character \\u0007"),
        Arguments.of("data: a]\nx: ]", 2, 4, "Check"));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void whatIsNoYamlIsNamedWithLineAndColumnInPlainWords(
      String yaml, int line, int column, String reason) throws IOException {
    var sentence = refusal(yaml);
    var place = String.format(Locale.ROOT, ", line %d, column %d: not YAML: ", line, column);
    assertTrue(sentence.startsWith(place), sentence);
    assertTrue(sentence.contains(reason), sentence);
  }

  @Test
  void namesOfTheFileAreEscapedAndCut() throws IOException {
    assertTrue(refusal("\"\\e[31mred\": 1\ndata: t\n").contains("the key \\u001b[31mred is"));
    assertTrue(
        refusal("data: t\nlora: {r: \"\\a\"}\n").contains("'\\u0007', where a whole number"));
    assertTrue(refusal("data: t\nmask_inputs: \"\\u202e\"\n").contains("'\\u202e'"));
    var longName = "k".repeat(50_000);
    assertTrue(refusal("? " + longName + "\n: 1\n").contains("kkk… (50000 characters)"));
    assertTrue(refusal("data: t\nlora: {r: " + longName + "}\n").contains("where a whole number"));
    assertTrue(refusal("data: *" + longName + "\n").contains("an alias (*kkk"));
    assertTrue(refusal("data: !" + longName + " x\n").contains("tags (such as !kkk"));
    assertTrue(
        refusal("data: t\nlora: {r: " + "1".repeat(50_000) + "}\n")
            .contains("where a whole number"));
    assertTrue(refusal("data: t\noptimizer: {lr_schedule: " + longName + "}").contains("one of"));
    assertTrue(refusal("data: t\ntrainer: {mp: " + longName + "}").contains("trainer.mp"));
    assertTrue(refusal("data: hdfs://" + longName + "\n").contains("not installed"));
  }

  @Test
  void sectionsAreNestedSoDeepAtMost() throws IOException {
    assertTrue(refusal("data: " + "[".repeat(5000)).contains("nested more than 32 deep"));
    assertTrue(refusal("data: " + "{a: ".repeat(5000)).contains("nested more than 32 deep"));
  }

  /** As YAML nine million characters would take most of a minute. */
  @Test
  void aCheckpointsConfigurationIsReadWithoutTheParser() throws IOException {
    var longText = "x".repeat(9_000_000);
    var settings = JsonNodeFactory.instance.objectNode().put("data", longText);
    var config =
        assertTimeout(
            Duration.ofSeconds(20),
            () -> TrainConfig.ofJson("step-1", settings, List.of(), TestFiles.HERE));
    assertTrue(config.data().toString().endsWith(longText));
    var deep = settings.deepCopy();
    deep.withObject("/trainer" + "/a".repeat(32));
    var e =
        assertThrows(
            UserException.class,
            () -> TrainConfig.ofJson("step-1", deep, List.of(), TestFiles.HERE));
    assertEquals("step-1: sections and lists are nested more than 32 deep.", e.getMessage());
  }

  @Test
  void aFolderAFileTooLargeAndALargeFilesPointerAreNoConfigurations() throws IOException {
    var e =
        assertThrows(
            UserException.class, () -> TrainConfig.load(folder, List.of(), TestFiles.HERE));
    assertTrue(String.valueOf(e.getMessage()).contains(folder + ": is a folder"), e::getMessage);
    var large = Files.writeString(folder.resolve("large"), "#".repeat(2_000_000));
    e = assertThrows(UserException.class, () -> TrainConfig.load(large, List.of(), TestFiles.HERE));
    assertTrue(String.valueOf(e.getMessage()).contains("too large"), e::getMessage);
    var pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    Files.writeString(large, pointer);
    var lfs =
        assertThrows(
            MalformedFileException.class, () -> TrainConfig.load(large, List.of(), TestFiles.HERE));
    assertTrue(String.valueOf(lfs.getMessage()).contains("git lfs pull"), lfs::getMessage);
  }
}
