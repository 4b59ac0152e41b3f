package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizeCommandTest {
  @TempDir Path folder;

  private Path input(String content) throws IOException {
    return Files.writeString(folder.resolve("in.jsonl"), content);
  }

  private static CommandLineRun tokenize(Path tokenizer, Path input, Object... more) {
    var args = new ArrayList<Object>();
    args.addAll(List.of("tokenize", "--tokenizer", tokenizer, "--input", input));
    args.addAll(List.of(more));
    return CommandLineRun.of(args.toArray());
  }

  @Test
  void eachLinesTextBecomesAnArrayOfIds() throws IOException {
    var tokenizer = TestFiles.golden("tokenizer/legacy");
    var input = input("{\"text\":\"the\"}\n{\"text\":\"\"}\n{\"text\":\"</s>\",\"id\":7}\n");
    var run = tokenize(tokenizer, input);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var lines = run.out().lines().toList();
    assertEquals(3, lines.size());
    assertEquals("[]", lines.get(1));
    assertTrue(new ObjectMapper().readTree(lines.get(2)).size() > 1, "text, not the token");
    var withBos = tokenize(tokenizer, input, "--bos").out().lines().toList();
    assertEquals("[1]", withBos.get(1));
    assertEquals(lines.get(0).replace("[", "[1,"), withBos.get(0));
  }

  @Test
  void aLineWithoutTextIsNamed() throws IOException {
    var run = tokenize(TestFiles.golden("tokenizer/legacy"), input("{\"txt\":\"the\"}\n"));
    var sentence = run.sentence(ExitCode.INPUT_FILE);
    assertTrue(sentence.contains("in.jsonl, line 1: the field 'text'"), sentence);
    assertTrue(sentence.endsWith("Mend or remove the line."), sentence);
  }

  @Test
  void aFolderWithoutATokenizerIsNamed() throws IOException {
    var sentence = tokenize(folder, input("{\"text\":\"\"}")).sentence(ExitCode.INPUT_FILE);
    assertTrue(sentence.contains(folder.toString()), sentence);
  }

  @Test
  void llamas46TextsHaveTheirIds() throws IOException {
    var name = "llama2-tokenizer/ggml-vocab-llama-spm.gguf";
    var texts =
        Files.readString(TestFiles.shared(name + ".inp")).split("\n__ggml_vocab_test__\n", -1);
    var ids = Files.readAllLines(TestFiles.shared(name + ".out"));
    var json = new ObjectMapper();
    var lines = new StringBuilder();
    for (var text : texts) {
      lines.append(json.writeValueAsString(Map.of("text", text))).append('\n');
    }
    var run = tokenize(TestFiles.shared("llama2-tokenizer"), input(lines.toString()));
    assertEquals(
        ids.stream().map(line -> "[" + line.strip().replace(' ', ',') + "]").toList(),
        run.out().lines().limit(ids.size()).toList());
    assertEquals(46, ids.size());
  }
}
