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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which rows a run trains on, and what it says of the others before the first step. */
class TrainRowsTest {
  private static final String LONG = "a long prompt ".repeat(SmallModel.POSITIONS);

  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void prepare() throws IOException {
    model = SmallModel.in(folder);
  }

  private static String row(String prompt, String completion) {
    return "{\"prompt\": \"" + prompt + "\", \"completion\": \"" + completion + "\"}\n";
  }

  /** So many rows, of which each {@code n}th has a prompt beyond the model's positions. */
  private Path rows(int count, int n) throws IOException {
    var rows = new StringBuilder();
    for (var i = 1; i <= count; i++) {
      rows.append(row(i % n == 0 ? LONG : "row " + i, "yes"));
    }
    return Files.writeString(folder.resolve("rows.jsonl"), rows);
  }

  private CommandLineRun train(Path rows, int batch, int steps, Object... more) {
    var all =
        new ArrayList<Object>(
            List.of(
                "train",
                "--data=" + rows,
                "--data_cache_dir=" + folder.resolve("cache"),
                "--model_name_or_path=" + model,
                "--trainer.output_dir=" + folder.resolve("runs"),
                "--trainer.id=x",
                "--trainer.train_batch_size=" + batch,
                "--trainer.num_train_steps=" + steps,
                "--lora.r=2"));
    all.addAll(List.of(more));
    return CommandLineRun.of(all.toArray());
  }

  private int steps() throws IOException {
    return Files.readAllLines(folder.resolve("runs/x/metrics.jsonl")).size();
  }

  @Test
  void aRunEndsThoughOneOfTwentyPromptsExceedsThePositions() throws IOException {
    var run = train(rows(20, 20), 1, 40);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertEquals(40, steps());
    assertTrue(
        run.err().contains("1 row was longer than the limit and cut on the right (the model's 64"),
        run.err());
    assertTrue(
        run.err()
            .contains(
                "1 row has no token with loss and is left out. Shorten the instruction or the"
                    + " input: the model has no more positions."),
        run.err());
    assertFalse(run.err().contains("max_tune_length"), run.err());
  }

  @Test
  void aRunEndsThoughAFifthOfItsPromptsExceedsThePositions() throws IOException {
    var run = train(rows(20, 5), 2, 40);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertEquals(40, steps());
    assertTrue(run.err().contains("4 rows have no token with loss and are left out."), run.err());
  }

  @Test
  void whereOfNoAnswerAnythingIsLeftTheLimitThatCutIsNamed() throws IOException {
    var run = train(rows(3, 1), 1, 1);
    assertEquals(ExitCode.INPUT_FILE, run.exitCode());
    assertTrue(
        run.err().contains("rows.jsonl: no row has a token to learn, because every answer is")
            && run.err().contains("(the model's 64 positions). Shorten"),
        run.err());
    run = train(rows(3, 4), 1, 1, "--max_tune_length=3");
    assertEquals(ExitCode.INPUT_FILE, run.exitCode());
    assertTrue(run.err().contains("(max_tune_length, 3 tokens). Raise max_tune_length"), run.err());
  }

  @Test
  void anEvaluationOfWhoseAnswersNothingIsLeftIsRefusedBeforeTheFirstStep() throws IOException {
    var evalData = Files.writeString(folder.resolve("eval.jsonl"), row(LONG, "yes"));
    var run = train(rows(3, 4), 1, 1, "--eval_data=" + evalData);
    assertEquals(ExitCode.INPUT_FILE, run.exitCode());
    assertTrue(run.err().contains("eval.jsonl: no row has a token to learn"), run.err());
    assertFalse(Files.exists(folder.resolve("runs")));
  }

  @Test
  void aTokenThatTheModelDoesNotHaveIsRefusedOnlyWhereARowUsesIt() throws IOException {
    Files.writeString(model.resolve("added_tokens.json"), "{\"<tool>\": 600}");
    var used = Files.writeString(folder.resolve("used.jsonl"), row("a", "b") + row("a", "<tool>"));
    var run = train(used, 1, 1);
    assertEquals(ExitCode.INPUT_FILE, run.exitCode());
    assertTrue(
        run.err().contains("used.jsonl: row 2 uses the token \"<tool>\", whose id 600 the model"),
        run.err());
    run = train(rows(3, 4), 1, 1);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(
        run.err().contains("the tokenizer has 601 tokens and the model 600; no row uses"),
        run.err());
  }
}
