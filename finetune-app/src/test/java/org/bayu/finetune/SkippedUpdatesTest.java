package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose loss becomes infinite or no number: the learning rate destroys the weights. */
class SkippedUpdatesTest {
  private static final JsonMapper STRICT =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  @TempDir private Path folder;
  private KilledRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new KilledRuns(folder);
  }

  private CommandLineRun destroyed(Object... more) {
    var all =
        new ArrayList<Object>(
            List.of(
                "--trainer.id=x",
                "--trainer.num_train_steps=40",
                "--trainer.checkpointer.save_interval=1s",
                "--optimizer.learning_rate=1e25",
                "--optimizer.warmup=0",
                "--optimizer.lr_schedule=constant"));
    all.addAll(List.of(more));
    return runs.train(all.toArray());
  }

  private List<JsonNode> metrics() throws IOException {
    var lines = new ArrayList<JsonNode>();
    for (var line : Files.readAllLines(runs.run("x").resolve("metrics.jsonl"))) {
      lines.add(STRICT.readTree(line));
    }
    return lines;
  }

  private List<String> checkpoints() throws IOException {
    try (var entries = Files.list(runs.run("x").resolve("checkpoints"))) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theRunStopsAtTheStepAndTheCheckpointsStay() throws IOException {
    var run = destroyed();
    assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
    var sentence = run.err().lines().toList().getLast();
    assertTrue(
        sentence.matches(
            "bayu: step \\d+: (the loss is \\S+|the gradient of \\S+ is not finite|after its"
                + " update tensor \\S+ holds \\S+)\\. Training has stopped\\. .*"),
        sentence);
    assertTrue(sentence.contains("The newest checkpoint is " + runs.run("x")), sentence);
    assertNull(Messages.problem(sentence.replaceAll("/\\S+", "")), sentence);
    var step = Integer.parseInt(sentence.replaceAll("bayu: step (\\d+):.*", "$1"));
    assertFalse(Files.exists(runs.checkpoint("x", step + 1)));
    assertFalse(Files.exists(runs.run("x").resolve("run.json")));
    assertEquals(step, checkpoints().size());
    for (var line : metrics()) {
      assertTrue(line.path("train/loss").isNumber(), line::toString);
    }
    var again = destroyed();
    assertEquals(sentence, again.err().lines().toList().getLast());
  }

  @Test
  void updatesAreSkippedAndCountedAndTenInARowEndTheRun() throws IOException {
    var run = destroyed("--trainer.crash_on_nan=false");
    assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
    var sentence = run.err().lines().toList().getLast();
    assertTrue(sentence.contains(", and so it was in the 9 steps before"), sentence);
    assertNull(Messages.problem(sentence.replaceAll("/\\S+", "")), sentence);
    assertEquals(
        10, run.err().lines().filter(line -> line.contains("Its update is left out.")).count());
    var lines = metrics();
    var first = lines.size() - 10;
    for (var i = 0; i < lines.size(); i++) {
      var line = lines.get(i);
      assertEquals(i, line.path("global_step").intValue());
      assertEquals(Math.max(0, i - first + 1), line.path("optim/skipped_updates").asInt(0));
      assertEquals(i < first, line.has("train/loss"));
    }
    // The checkpoint before the first skipped update is the last.
    assertEquals(first, checkpoints().size());
    assertTrue(Files.exists(runs.checkpoint("x", first)));
    var again = destroyed("--trainer.crash_on_nan=false");
    assertEquals(sentence, again.err().lines().toList().getLast());
    assertEquals(lines.size(), metrics().size());
  }
}
