package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {
  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void prepare() throws IOException {
    model = SmallModel.in(folder);
  }

  private CommandLineRun generate(Object... options) {
    var all = new ArrayList<Object>(List.of("generate", "--model", model));
    all.addAll(List.of("--compute", "f32", "--max_new_tokens", 8));
    all.addAll(List.of(options));
    return CommandLineRun.of(all.toArray());
  }

  /** What the text goes on with, as {@code --prompts} has it. */
  private String answer(String prompt) throws IOException {
    var json = new ObjectMapper();
    var row = json.writeValueAsString(Map.of("prompt", prompt, "completion", ""));
    var run = generate("--prompts", Files.writeString(folder.resolve("row.jsonl"), row));
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    return json.readTree(run.out()).get("output").textValue();
  }

  @Test
  void aPromptIsTheTextAsItIs() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "other text");
    var texts = List.of("@@x", "@" + file, "-hello", "-h", "--ids", "--", "'a'", "\"a\"");
    for (var text : texts) {
      var run = generate("--prompt", text);
      assertEquals(ExitCode.DONE, run.exitCode(), run.err());
      assertEquals(answer(text), run.out().strip(), text);
      assertEquals(answer(text), generate("--prompt=" + text).out().strip(), text);
    }
    assertNotEquals(answer("@x"), answer("@@x"));
    assertEquals(ExitCode.USAGE, generate("--prompt").exitCode());
  }

  @Test
  void theSpeedStandsOnALineOfItsOwnBehindTheText() {
    // Both streams on one terminal: what is not flushed comes late.
    var terminal = new StringWriter();
    var out = new PrintWriter(new BufferedWriter(terminal));
    var exitCode =
        Main.run(
            CommandLineRun.OFFLINE,
            out,
            new PrintWriter(terminal, true),
            "generate",
            "--model=" + model,
            "--prompt=a",
            "--max_new_tokens=4");
    assertEquals(ExitCode.DONE, exitCode, terminal.toString());
    var last = terminal.toString().lines().toList().getLast();
    assertTrue(last.matches("4 tokens; the first after .*"), terminal.toString());
  }

  @Test
  void aModelFileThatIsCutWhileItIsInUseIsNamed() throws IOException {
    var weights = model.resolve("model.safetensors");
    var rows = Files.writeString(folder.resolve("r.jsonl"), "{\"prompt\": \"a\"}\n".repeat(200));
    for (var input : List.of(List.of("--prompt", "a"), List.of("--prompts", rows.toString()))) {
      var whole = Files.readAllBytes(weights);
      var cutting =
          new FilterWriter(new StringWriter()) {
            @Override
            public void write(String text, int from, int length) throws IOException {
              try (var file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
                file.truncate(whole.length - 4);
              }
            }
          };
      var err = new StringWriter();
      var all = new ArrayList<>(List.of("generate", "--model=" + model, "--max_new_tokens=4"));
      all.addAll(input);
      var exitCode =
          Main.run(
              CommandLineRun.OFFLINE,
              new PrintWriter(cutting),
              new PrintWriter(err),
              all.toArray(String[]::new));
      assertEquals(ExitCode.INPUT_FILE, exitCode, err.toString());
      var last = err.toString().lines().toList().getLast();
      assertTrue(
          last.startsWith("bayu: " + weights + ": was cut from ") && last.contains("in use"), last);
      Files.write(weights, whole);
    }
  }

  @Test
  void aWeightThatIsNoNumberEndsInOneSentenceThatNamesIt() throws IOException {
    SmallModel.setLastWeight(model, Float.NaN);
    var expected = "because tensor model.norm.weight holds NaN.";
    for (var temperature : List.of(0, 1)) {
      var run = generate("--prompt", "a", "--temperature", temperature);
      assertTrue(run.sentence(ExitCode.FAILED).endsWith(expected), run.err());
    }
    var rows = Files.writeString(folder.resolve("r.jsonl"), "{\"instruction\":\"a\"}");
    var run = generate("--prompts", rows);
    assertTrue(run.sentence(ExitCode.FAILED).endsWith(expected), run.err());
    var logits = CommandLineRun.of("logits", "--model", model, "--tokens", "1,2");
    assertTrue(logits.sentence(ExitCode.FAILED).endsWith(expected), logits.err());
  }

  /** The ids that the text goes on with. */
  private String ids(String... options) {
    var all = new ArrayList<Object>(List.of(options));
    all.add("--ids");
    var run = generate(all.toArray());
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    return run.out();
  }

  @Test
  void aPromptBeginsAsTheTokenizersOwnTextsDo() throws IOException {
    var tokenizer = model.resolve("tokenizer.json");
    var json = Files.readString(tokenizer);
    var withBos = ids("--prompt", "he is");
    Files.writeString(tokenizer, withoutBos(json));
    var withoutBos = ids("--prompt", "he is");
    assertNotEquals(withBos, withoutBos);
    assertEquals(withBos, ids("--special_tokens", "--prompt", "<|begin_of_text|>he is"));
    assertEquals(withoutBos, ids("--special_tokens", "--prompt", "he is"));
    var empty = generate("--prompt", "");
    assertEquals(ExitCode.USAGE, empty.exitCode());
    var lines = empty.err().lines().toList();
    assertTrue(lines.getFirst().contains("tokenizer_config.json: add_bos_token is true, but"));
    assertTrue(
        lines.getLast().startsWith("bayu: --prompt: the prompt is empty, and the tokenizer puts"));
  }

  private static String withoutBos(String tokenizer) throws IOException {
    var json = new ObjectMapper();
    var tree = (ObjectNode) json.readTree(tokenizer);
    return json.writeValueAsString(tree.putNull("post_processor"));
  }

  @Test
  void specialTokensOfAPromptAreTokensOnlyWhereItIsAskedFor() {
    assertNotEquals(
        ids("--prompt", "a<|eot_id|>"), ids("--special_tokens", "--prompt", "a<|eot_id|>"));
    assertEquals(ids("--prompt", "a b"), ids("--special_tokens", "--prompt", "a b"));
    var rows = generate("--special_tokens", "--prompts", "rows").sentence(ExitCode.USAGE);
    assertTrue(rows.contains("For rows, write special_tokens_in_rows: true"), rows);
  }

  @Test
  void aSeedWithoutATemperatureIsSaidToHaveNoEffect() {
    var note = "--top_p and --seed have no effect without a --temperature above 0.";
    assertTrue(generate("--prompt", "a", "--seed", 7).err().contains(note));
    var drawn = generate("--prompt", "a", "--seed", 7, "--temperature", 1);
    assertFalse(drawn.err().contains(note), drawn.err());
  }

  @Test
  void idsOfRowsAreRefused() {
    var rows = generate("--ids", "--prompts", "rows").sentence(ExitCode.USAGE);
    assertTrue(rows.startsWith("bayu: --ids is for --prompt."), rows);
  }

  @Test
  void aTokenThatTheModelDoesNotHaveIsNamedAndItsRowToo() throws IOException {
    Files.writeString(model.resolve("added_tokens.json"), "{\"<tool>\": 600}");
    var sentence = "the prompt uses the token \"<tool>\", whose id 600 the model does not have";
    var text = generate("--prompt", "a<tool>").sentence(ExitCode.USAGE);
    assertTrue(text.startsWith("bayu: --prompt: " + sentence), text);
    var rows = Files.writeString(folder.resolve("r.jsonl"), "{\"prompt\":\"<tool>\"}");
    var row = generate("--prompts", rows).sentence(ExitCode.INPUT_FILE);
    assertTrue(row.contains("r.jsonl, line 1: " + sentence), row);
    assertEquals(ExitCode.DONE, generate("--prompt", "a").exitCode());
  }

  @Test
  void aPromptThatTheModelCannotReadIsNamedAndItsRowToo() throws IOException {
    var tooLong = "a ".repeat(SmallModel.POSITIONS);
    var text = generate("--prompt", tooLong).sentence(ExitCode.USAGE);
    assertTrue(
        text.matches(
            "bayu: --prompt: the prompt has \\d+ tokens, and the model 64 positions\\. Give.*"),
        text);
    var rows =
        Files.writeString(
            folder.resolve("r.jsonl"), "{\"prompt\":\"a\"}\n{\"prompt\":\"" + tooLong + "\"}\n");
    var row = generate("--prompts", rows).sentence(ExitCode.INPUT_FILE);
    assertTrue(row.contains("r.jsonl, line 2: the prompt has "), row);
    assertTrue(row.endsWith("64 positions. Shorten the prompt, or remove the row."), row);
  }
}
