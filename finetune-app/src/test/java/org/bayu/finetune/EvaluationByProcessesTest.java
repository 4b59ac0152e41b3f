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

/** {@code evaluate} and {@code generate} under the launchers of Open MPI and MPICH. */
class EvaluationByProcessesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  /** Three groups of rows. */
  private Path rows() throws IOException {
    var lines = new StringBuilder();
    for (var i = 0; i < 150; i++) {
      var row = Map.of("prompt", "A text that all begin with: " + i, "completion", "ask(a[1])");
      lines.append(JSON.writeValueAsString(row)).append('\n');
    }
    return Files.writeString(folder.resolve("rows.jsonl"), lines);
  }

  private List<Object> evaluate(Path model, Path data, String output) {
    return List.of(
        "evaluate",
        "--model=" + model,
        "--data=" + data,
        "--output=" + folder.resolve(output),
        "--max_new_tokens=6");
  }

  /** An evaluation that was killed after this one had its first answers. */
  private void interrupted(String finished, String unfinished, int answers) throws IOException {
    var part = Files.createDirectory(folder.resolve(unfinished + ".part"));
    var whole = folder.resolve(finished);
    Files.copy(whole.resolve("settings.json"), part.resolve("settings.json"));
    var predictions = Files.readAllLines(whole.resolve("predictions.jsonl"));
    var lines = new ArrayList<String>();
    for (var row = 0; row < answers; row++) {
      var prediction = JSON.readTree(predictions.get(row));
      var answer = JSON.createObjectNode().put("row", row);
      answer.set("predicted", prediction.get("predicted"));
      answer.set("end", prediction.get("end"));
      lines.add(answer.toString());
    }
    Files.write(part.resolve("answers.jsonl"), lines);
  }

  private void assertSame(String output, String other) throws IOException {
    assertEquals(
        KilledRuns.contents(folder.resolve(output)), KilledRuns.contents(folder.resolve(other)));
  }

  @Test
  void answersHaveTheSameBytesForAnyNumberOfProcesses() throws IOException, InterruptedException {
    var launchers = LaunchedRun.launchers();
    var model = SmallModel.in(folder);
    var data = rows();
    var one = CommandLineRun.of(evaluate(model, data, "one").toArray());
    assertEquals(ExitCode.DONE, one.exitCode(), one.err());

    interrupted("one", "three", 70);
    var three = LaunchedRun.of(launchers.getFirst(), 3, folder, evaluate(model, data, "three"));
    assertEquals(ExitCode.DONE, three.exitCode(), three.output());
    assertTrue(three.output().contains("Going on: 70 of 150 rows are answered"), three.output());
    assertEquals(1, three.times("Written to "), three.output());
    assertSame("one", "three");

    var generate =
        List.<Object>of(
            "generate",
            "--model=" + model,
            "--prompts=" + data,
            "--max_new_tokens=6",
            "--seed=3",
            "--temperature=1");
    var alone = CommandLineRun.of(generate.toArray());
    assertEquals(ExitCode.DONE, alone.exitCode(), alone.err());
    var generated = LaunchedRun.of(launchers.getLast(), 2, folder, generate);
    var lines = generated.output().lines().filter(line -> line.startsWith("{")).toList();
    assertEquals(alone.out().lines().toList(), lines, generated.output());

    var none = folder.resolve("none.jsonl");
    var failed = LaunchedRun.of(launchers.getFirst(), 2, folder, evaluate(model, none, "none"));
    assertEquals(ExitCode.INPUT_FILE, failed.exitCode(), failed.output());
    assertEquals(1, failed.times("bayu: "), failed.output());
  }
}
