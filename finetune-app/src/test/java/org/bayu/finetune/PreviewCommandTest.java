package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreviewCommandTest {
  @TempDir Path folder;

  private CommandLineRun preview(Path model, Path data, Object... more) {
    var args = new ArrayList<Object>();
    args.addAll(List.of("preview", "--model_name_or_path", model, "--data=" + data));
    args.addAll(List.of("--data_cache_dir", folder.resolve("cache")));
    args.addAll(List.of(more));
    return CommandLineRun.of(args.toArray());
  }

  private Path rows(String content) throws IOException {
    return Files.writeString(folder.resolve("rows.jsonl"), content);
  }

  @Test
  void tokensWithLossAreMarked() throws IOException {
    var data =
        rows(
            """
            {"prompt":"in the a ","completion":"\u00e9 was"}
            {"prompt":"a h","completion":"e is"}
            """);
    var tokenizer = TestFiles.golden("tokenizer/legacy");
    var run = preview(tokenizer, data);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(
        run.out().contains("\u27e8<s>\u27e9in the a \u27e6\u00e9 was\u27e8</s>\u27e9\u27e7"),
        run.out());
    assertTrue(run.out().contains("2 rows, "), run.out());
    assertTrue(run.out().contains("1 row has a prompt whose last tokens merge"), run.out());
    run = preview(tokenizer, data, "-n", 1, "--mask_inputs", "false");
    assertTrue(
        run.out().contains("\u27e8<s>\u27e9\u27e6in the a \u00e9 was\u27e8</s>\u27e9\u27e7"),
        run.out());
    assertTrue(run.out().contains("Row 1") && !run.out().contains("Row 2"), run.out());
    run = preview(tokenizer, data, "-n", 1, "--max_tune_length", "3");
    assertTrue(
        run.out()
            .contains("2 rows were longer than the limit and cut on the right (max_tune_length, 3"),
        run.out());
    assertTrue(
        run.out().contains("rows have no token with loss and are left out. Raise max_tune_length"),
        run.out());
  }

  @Test
  void theTutorialsMaskLeavesTheAnswersFirstTokenUnmarked() throws IOException {
    var data = rows("{\"prompt\":\"in the\",\"completion\":\" was a\"}");
    var tokenizer = TestFiles.golden("tokenizer/legacy");
    var fixed = preview(tokenizer, data).out();
    var tutorial = preview(tokenizer, data, "--mask_offset=tutorial").out();
    assertTrue(fixed.contains("\u27e8<s>\u27e9in the\u27e6 was a\u27e8</s>\u27e9\u27e7"), fixed);
    assertTrue(
        tutorial.contains("\u27e8<s>\u27e9in the was\u27e6 a\u27e8</s>\u27e9\u27e7"), tutorial);
  }

  @Test
  void theModelsPositionsAreALimitToo() throws IOException {
    var model = Files.createDirectory(folder.resolve("model"));
    Files.copy(
        TestFiles.golden("tokenizer/legacy/tokenizer.json"), model.resolve("tokenizer.json"));
    var config = Files.readString(TestFiles.golden("llama2/config.json"));
    Files.writeString(
        model.resolve("config.json"),
        config
            .replaceAll("(\"max_position_embeddings\":) *\\d+", "$1 4")
            .replaceAll("(\"vocab_size\":) *\\d+", "$1 480"));
    var run = preview(model, rows("{\"prompt\":\"in the\",\"completion\":\" was a\"}"));
    assertTrue(run.out().contains("Row 1: 4 tokens"), run.out());
    assertTrue(
        run.out()
            .contains("1 row was longer than the limit and cut on the right (the model's 4 pos"),
        run.out());
  }

  @Test
  void theDefaultIsANameOnTheHub() throws IOException {
    var run =
        CommandLineRun.of("preview", "--data", rows("{}"), "--data_cache_dir", folder.resolve("c"));
    assertTrue(
        run.sentenceOfRun(ExitCode.INPUT_FILE)
            .contains("There is no folder meta-llama/Llama-2-7b-hf here."),
        run.err());
  }

  @Test
  void aMissingDataFileIsNamed() {
    var run = preview(TestFiles.golden("tokenizer/legacy"), folder.resolve("none.jsonl"));
    assertTrue(run.sentenceOfRun(ExitCode.INPUT_FILE).contains("none.jsonl"), run.err());
  }

  @Test
  void viggosTrainingRowsHaveTheTokensAndLossThatLevantersPipelineGives() throws IOException {
    var rows = folder.resolve("viggo.jsonl");
    var csv = TestFiles.shared("viggo/train.csv");
    CommandLineRun.of("prepare", "--format", "viggo", "--input", csv, "--output", rows);
    var run = preview(TestFiles.shared("llama2-tokenizer"), rows, "-n", "1");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(run.out().contains("### Response:\u27e6inform("), run.out());
    assertTrue(run.out().contains("])\u27e8</s>\u27e9\u27e7"), run.out());
    // Counted with Transformers: prompts and whole texts, tokenized separately.
    assertTrue(
        run.out()
            .contains(
                "5,103 rows, 2,331,218 tokens, 207,093 of them with loss; the longest row has"
                    + " 552."),
        run.out());
  }

  @Test
  void aSpecialTokenAndATextThatSpellsItLookDifferent() throws IOException {
    var data = rows("{\"prompt\":\"a\",\"completion\":\"b</s>\"}");
    var tokenizer = TestFiles.golden("tokenizer/legacy");
    var run = preview(tokenizer, data);
    assertTrue(run.out().contains("b</s>\u27e8</s>\u27e9\u27e7"), run.out());
    assertTrue(
        run.out().contains("1 row spells a special token, which stays text (special_tokens_in_"),
        run.out());
    run = preview(tokenizer, data, "--special_tokens_in_rows", "true");
    assertTrue(run.out().contains("b\u27e8</s>\u27e9\u27e8</s>\u27e9\u27e7"), run.out());
    assertFalse(run.out().contains("spells a special token"), run.out());
  }

  @Test
  void aTemplatesSpecialTokensAreTokens() throws IOException {
    var config =
        Files.writeString(
            folder.resolve("chat.yaml"),
            "prompts: {prompt_input: x, prompt_no_input: \"{instruction}</s>\"}");
    var data = rows("{\"instruction\":\"a</s>\",\"output\":\"b\"}");
    var run = preview(TestFiles.golden("tokenizer/legacy"), data, "--config_path", config);
    assertTrue(
        run.out().contains("\u27e8<s>\u27e9a</s>\u27e8</s>\u27e9\u27e6 b\u27e8</s>\u27e9\u27e7"),
        run.out());
  }

  @Test
  void whatATerminalWouldActOnIsEscaped() throws IOException {
    var data = rows("{\"prompt\":\"a\\u001b[2J\\n\\u202e\",\"completion\":\"b\"}");
    var run = preview(TestFiles.golden("tokenizer/legacy"), data);
    assertTrue(run.out().contains("a\\u001b[2J\n\\u202e"), run.out());
  }

  @Test
  void tokensThatTheModelHasNotAreALineWhereNoRowUsesThemAndElseRefused() throws IOException {
    var model = Files.createDirectory(folder.resolve("model"));
    Files.copy(
        TestFiles.golden("tokenizer/legacy/tokenizer.json"), model.resolve("tokenizer.json"));
    var config = Files.readString(TestFiles.golden("llama2/config.json"));
    Files.writeString(
        model.resolve("config.json"), config.replaceAll("(\"vocab_size\":) *\\d+", "$1 479"));
    var run = preview(model, rows("{\"prompt\":\"in the\",\"completion\":\" was a\"}"));
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(run.out().contains("the model 479; no row uses the others"), run.out());
    Files.writeString(
        model.resolve("config.json"), config.replaceAll("(\"vocab_size\":) *\\d+", "$1 5"));
    run = preview(model, rows("{\"prompt\":\"in the\",\"completion\":\" was a\"}"));
    var sentence = run.sentenceOfRun(ExitCode.INPUT_FILE);
    assertTrue(sentence.contains("rows.jsonl: row 1 uses the token \""), sentence);
  }
}
