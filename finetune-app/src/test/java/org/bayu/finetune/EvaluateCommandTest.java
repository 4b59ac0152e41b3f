package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.evaluate.UnfinishedEvaluation;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> FILES =
      List.of("evaluation.json", "mistakes.jsonl", "predictions.jsonl", "settings.json");

  @TempDir private Path folder;
  private Path model;
  private Path output;
  private Path part;

  @BeforeEach
  void prepare() throws IOException {
    model = SmallModel.in(folder);
    output = folder.resolve("out");
    part = folder.resolve("out.part");
  }

  private CommandLineRun evaluate(Path data, Object... options) {
    var all = new ArrayList<Object>(List.of("evaluate", "--model", model, "--data", data));
    all.addAll(List.of("--output", output));
    if (!List.of(options).contains("--compute")) {
      all.addAll(List.of("--compute", "f32"));
    }
    all.addAll(List.of(options));
    return CommandLineRun.of(all.toArray());
  }

  private Path rows(String... prompts) throws IOException {
    var lines = new StringBuilder();
    for (var prompt : prompts) {
      var row = Map.of("prompt", prompt, "completion", "ask(a[1])");
      lines.append(JSON.writeValueAsString(row)).append('\n');
    }
    return Files.writeString(folder.resolve("rows" + prompts.length + ".jsonl"), lines);
  }

  private Path rows(int number) throws IOException {
    var prompts = new String[number];
    for (var i = 0; i < number; i++) {
      prompts[i] = "A text that all of them begin with: number " + i;
    }
    return rows(prompts);
  }

  private static String longPrompt() {
    return "many letters ".repeat(SmallModel.POSITIONS);
  }

  private JsonNode scores() throws IOException {
    return JSON.readTree(Files.readString(output.resolve("evaluation.json")));
  }

  private JsonNode prediction(int row) throws IOException {
    return JSON.readTree(Files.readAllLines(output.resolve("predictions.jsonl")).get(row));
  }

  @Test
  void rowsWhosePromptsAreTooLongAreCountedAndNotAnswered() throws IOException {
    var run = evaluate(rows("a", longPrompt(), "b", "c"), "--max_new_tokens", 4);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(
        run.err()
            .lines()
            .toList()
            .getFirst()
            .endsWith(
                ": of 4 prompts 1 are longer than the model's 64 positions. These rows count as not"
                    + " answered."),
        run.err());
    assertEquals("", prediction(1).get("predicted").textValue());
    assertEquals("prompt_too_long", prediction(1).get("end").textValue());
    assertEquals(4, scores().get("rows").intValue());
    assertEquals(3, scores().get("answered_rows").intValue());
    assertEquals(3, scores().get("answered").get("rows").intValue());
    assertEquals(model.toString(), run.out().lines().toList().getFirst());
    assertTrue(run.out().contains("| all 4 rows | "), run.out());
    assertTrue(run.out().contains("| 3 answered | "), run.out());
    assertTrue(run.out().contains("1 rows have no answer: "), run.out());
  }

  @Test
  void aFolderThatIsNoRunIsRefusedBeforeTheEvaluation() throws IOException {
    assertTrue(
        evaluate(rows("a"), "--run", folder)
            .sentence(ExitCode.INPUT_FILE)
            .endsWith("is not the folder of a run that has done a step."));
    assertFalse(Files.exists(part));
  }

  @Test
  void whereMostPromptsAreTooLongOnlyAFlagHelps() throws IOException {
    var most = rows("a", longPrompt(), longPrompt());
    var refused = evaluate(most);
    assertTrue(
        refused
            .sentence(ExitCode.INPUT_FILE)
            .endsWith("score the others with --allow_long_prompts."),
        refused.err());
    assertFalse(Files.exists(output) || Files.exists(part));
    var allowed = evaluate(most, "--allow_long_prompts", "--max_new_tokens", 4);
    assertEquals(ExitCode.DONE, allowed.exitCode(), allowed.err());
    assertEquals(1, scores().get("answered_rows").intValue());

    output = Files.createDirectory(folder.resolve("empty"));
    var half = evaluate(rows("a", longPrompt()), "--max_new_tokens", 4);
    assertEquals(ExitCode.DONE, half.exitCode(), half.err());
    output = folder.resolve("none");
    var none = evaluate(rows(longPrompt()), "--allow_long_prompts");
    assertTrue(none.sentence(ExitCode.INPUT_FILE).endsWith("shorten the prompts."), none.err());
  }

  @Test
  void answersThatAreCutAreCountedByWhatCutThem() throws IOException {
    var letters = "x1y2z3".repeat(9); // 54 tokens and BOS
    var run = evaluate(rows("a", letters), "--max_new_tokens", 20);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertEquals("max_new_tokens", prediction(0).get("end").textValue());
    assertEquals("positions", prediction(1).get("end").textValue());
    assertEquals(1, scores().get("answers_cut_by_max_new_tokens").intValue());
    assertEquals(1, scores().get("answers_cut_by_positions").intValue());
    assertTrue(run.out().contains("1 answers were cut at max_new_tokens."), run.out());
  }

  /** What a process that was killed after some answers left, the last line half-written. */
  private void leave(Path finished, int answers) throws IOException {
    Files.createDirectories(part);
    Files.copy(finished.resolve("settings.json"), part.resolve("settings.json"));
    var lines = new StringBuilder();
    for (var row = 0; row < answers; row++) {
      var answer =
          Map.of(
              "row",
              row,
              "predicted",
              prediction(row).get("predicted").textValue(),
              "end",
              prediction(row).get("end").textValue());
      lines.append(JSON.writeValueAsString(answer)).append('\n');
    }
    Files.writeString(part.resolve("answers.jsonl"), lines + "{\"row\": 1, \"predic");
  }

  @Test
  void anEvaluationThatWasInterruptedGoesOnToTheSameBytes() throws IOException {
    var data = rows(150);
    assertEquals(ExitCode.DONE, evaluate(data, "--max_new_tokens", 6).exitCode());
    var whole = output;
    for (var answers : List.of(1, 70, 150)) {
      output = whole;
      part = folder.resolve("again" + answers + ".part");
      leave(whole, answers);
      output = folder.resolve("again" + answers);
      var run = evaluate(data, "--max_new_tokens", 6);
      assertEquals(ExitCode.DONE, run.exitCode(), run.err());
      assertTrue(
          run.err().contains("Going on: " + answers + " of 150 rows are answered"), run.err());
      assertFalse(Files.exists(part));
      for (var file : FILES) {
        assertEquals(-1, Files.mismatch(whole.resolve(file), output.resolve(file)), file);
      }
      try (var left = Files.list(output)) {
        assertEquals(FILES, left.map(path -> path.getFileName().toString()).sorted().toList());
      }
    }
  }

  @Test
  void answersThatAreThereAreNotAskedForAgain() throws IOException {
    // The first group has the ten longest prompts, and 54 of the others.
    var data = rows(rowsOfTwoLengths(60, 10));
    assertEquals(ExitCode.DONE, evaluate(data, "--max_new_tokens", 6).exitCode());
    leave(output, 70);
    var answers = part.resolve("answers.jsonl");
    var lines = Files.readAllLines(answers).subList(0, 70);
    lines.subList(54, 60).clear();
    lines.replaceAll(
        line -> line.replaceFirst("\"predicted\":\"[^\"]*\"", "\"predicted\":\"here\""));
    Files.write(answers, lines);
    Files.move(output, folder.resolve("first"));
    var run = evaluate(data, "--max_new_tokens", 6);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    for (var row = 0; row < 70; row++) {
      var predicted = prediction(row).get("predicted").textValue();
      assertEquals(row < 54 || row >= 60, predicted.equals("here"), "row " + row);
    }
  }

  private static String[] rowsOfTwoLengths(int shorter, int longer) {
    var prompts = new String[shorter + longer];
    Arrays.fill(prompts, 0, shorter, "A text that all of them begin with: short");
    Arrays.fill(
        prompts, shorter, prompts.length, "A text that all of them begin with: longer ones");
    return prompts;
  }

  @Test
  void whatDiffersFromTheAnswersThatAreThereIsNamed() throws IOException {
    var data = rows(3);
    assertEquals(ExitCode.DONE, evaluate(data, "--max_new_tokens", 6).exitCode());
    leave(output, 2);
    Files.move(output, folder.resolve("first"));

    assertDiffers("max_new_tokens (6 there, 7 here)", evaluate(data, "--max_new_tokens", 7));
    assertDiffers(
        "compute (f32 there, bf16 here)",
        evaluate(data, "--max_new_tokens", 6, "--compute", "bf16"));
    assertDiffers("data", evaluate(rows(4), "--max_new_tokens", 6));
    var config =
        Files.writeString(
            folder.resolve("c.yaml"), "{prompts: {prompt_input: a, prompt_no_input: b}}");
    assertDiffers("prompts", evaluate(data, "--max_new_tokens", 6, "--config_path", config));
    var tokenizer = model.resolve("tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer) + "\n");
    assertDiffers("tokenizer", evaluate(data, "--max_new_tokens", 6));
    SmallModel.setLastWeight(model, 3);
    assertDiffers("model, tokenizer", evaluate(data, "--max_new_tokens", 6));
    assertEquals(2, Files.readAllLines(part.resolve("answers.jsonl")).size() - 1);
  }

  private void assertDiffers(String what, CommandLineRun run) {
    assertEquals(
        "bayu: "
            + part
            + ": the evaluation that was begun there differs in "
            + what
            + ". Give the same to go on with it, or choose another --output.",
        run.sentence(ExitCode.USAGE));
  }

  @Test
  void anEvaluationThatIsBeingWrittenIsLeftAlone() throws IOException {
    try (var _ = UnfinishedEvaluation.open(output, line -> {})) {
      var run = evaluate(rows(2));
      assertTrue(
          run.sentence(ExitCode.FAILED).contains("another process is writing this evaluation"));
      assertTrue(Files.exists(part));
    }
    assertFalse(Files.exists(part));
  }

  @Test
  void aFolderThatHoldsSomethingElseIsRefusedBeforeTheModelIsRead() throws IOException {
    Files.writeString(Files.createDirectory(part).resolve("mine"), "");
    model = folder.resolve("nowhere");
    assertTrue(evaluate(rows(2)).sentence(ExitCode.USAGE).contains("holds something other than"));
    Files.move(part, output);
    assertTrue(evaluate(rows(2)).sentence(ExitCode.USAGE).contains(output + " exists already"));
    Files.delete(output.resolve("mine"));
    assertEquals(ExitCode.INPUT_FILE, evaluate(rows(2)).exitCode());
    assertFalse(Files.exists(part), "nothing was answered");
  }

  @Test
  void idsOfAPaddedVocabularyDecodeToNothing() throws IOException {
    var parent = Files.createDirectory(folder.resolve("padded"));
    model = SmallModel.in(parent, 4096); // of which the tokenizer has 600
    var run = evaluate(rows("a", "b"), "--max_new_tokens", 20);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(prediction(0).get("predicted").isTextual());
    var sampled =
        CommandLineRun.of(
            "generate", "--model", model, "--prompt", "a", "--temperature", 1, "--ids");
    assertEquals(ExitCode.DONE, sampled.exitCode(), sampled.err());
    var unknown = 0;
    for (var id : JSON.readTree(sampled.out())) {
      unknown += id.intValue() >= 600 ? 1 : 0;
    }
    assertTrue(unknown > 0, sampled.out());
    var text = CommandLineRun.of("generate", "--model", model, "--prompt", "a", "--temperature", 1);
    assertEquals(ExitCode.DONE, text.exitCode(), text.err());
  }

  @Test
  void theGreatestNumberOfNewTokensEndsWithThePositions() throws IOException {
    var run = evaluate(rows("a", "b"), "--max_new_tokens", Integer.MAX_VALUE);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertEquals("positions", prediction(0).get("end").textValue());
    var more = CommandLineRun.of("evaluate", "--max_new_tokens", "2147483648");
    assertEquals(ExitCode.USAGE, more.exitCode());
  }

  @Test
  void anEmptyPromptWhereNothingAddsABosIsNamedByItsLine() throws IOException {
    var tokenizer = model.resolve("tokenizer.json");
    var tree = (ObjectNode) JSON.readTree(Files.readString(tokenizer));
    Files.writeString(tokenizer, JSON.writeValueAsString(tree.putNull("post_processor")));
    var data = rows("a", "");
    var run = evaluate(data);
    assertEquals(ExitCode.INPUT_FILE, run.exitCode());
    var lines = run.err().lines().toList();
    assertTrue(lines.getFirst().contains("tokenizer_config.json: add_bos_token is true, but"));
    assertTrue(
        lines
            .getLast()
            .startsWith("bayu: " + data + ", line 2: the prompt is empty, and the tokenizer"),
        run.err());
  }

  @Test
  void theTemplateMayComeFromAFileThatHasNothingElse() throws IOException {
    var config =
        Files.writeString(
            folder.resolve("c.yaml"), "prompts: {prompt_input: 'Q {input}', prompt_no_input: Q}\n");
    var data =
        Files.writeString(
            folder.resolve("i.jsonl"),
            "{\"instruction\": \"a\", \"input\": \"b\", \"output\": \"c\"}\n");
    var run = evaluate(data, "--config_path", config, "--max_new_tokens", 4);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var raw = folder.resolve("raw");
    var prompt = rows("Q b");
    output = raw;
    assertEquals(ExitCode.DONE, evaluate(prompt, "--max_new_tokens", 4).exitCode());
    var expected = prediction(0).get("predicted");
    output = folder.resolve("out");
    assertEquals(expected, prediction(0).get("predicted"));
  }

  @Test
  void evaluationsAreShownSideBySide() throws IOException {
    assertEquals(ExitCode.DONE, evaluate(rows("a", "b"), "--max_new_tokens", 2).exitCode());
    var other = folder.resolve("other");
    Files.move(output, other);
    assertEquals(ExitCode.DONE, evaluate(rows("a", "b"), "--max_new_tokens", 4).exitCode());
    var run = CommandLineRun.of("evaluate", "--compare", other, output);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(run.out().contains("\n| other    | 0.000 "), run.out());
    assertTrue(run.out().contains("\n| out         | 0    | 0       | 0 "), run.out());
    run = CommandLineRun.of("evaluate", "--compare", output, folder);
    assertTrue(
        run.sentence(ExitCode.INPUT_FILE)
            .endsWith(
                ": no folder with an evaluation (predictions.jsonl is missing). Give the --output"
                    + " of evaluate."));
  }

  @Test
  void answersAreHeldToAGrammar() throws IOException {
    assertTrue(
        evaluate(rows("a"), "--grammar", "none")
            .sentence(ExitCode.INPUT_FILE)
            .contains("--grammar: none: no such file."));
    var grammar =
        Files.writeString(
            folder.resolve("grammar.json"),
            "{\"functions\": [\"ask\"], \"attributes\": {\"a\": [\"1\", \"22\"]}}");
    var run = evaluate(rows("a", "b"), "--grammar", grammar, "--max_new_tokens", 30);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    for (var row = 0; row < 2; row++) {
      var predicted = prediction(row).get("predicted").textValue().strip();
      var isWhole = prediction(row).get("end").textValue().equals("stop");
      assertTrue(predicted.startsWith("ask("), predicted);
      var rest = predicted.replaceAll("a\\[(1|22|)\\](, ?)?", "");
      assertTrue(isWhole ? rest.equals("ask()") : rest.matches("ask\\(.{0,5}"), predicted);
    }
  }
}
