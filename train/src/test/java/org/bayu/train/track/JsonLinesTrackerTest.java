package org.bayu.train.track;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonLinesTrackerTest {
  private static final String THREE_STEPS =
      """
      {"global_step":0,"train/loss":0.0}
      {"global_step":1,"train/loss":0.5}
      {"global_step":2,"train/loss":1.0}
      """;

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("metrics.jsonl");
  }

  private static void log(JsonLinesTracker tracker, int first, int end) throws IOException {
    for (var step = first; step < end; step++) {
      var metrics = new LinkedHashMap<String, Number>();
      metrics.put("global_step", step);
      metrics.put("train/loss", step / 2.0);
      tracker.log(step, metrics);
    }
  }

  /** What a run leaves that goes on at a step and ends after the third. */
  private String resumedAt(int step) throws IOException {
    try (var tracker = JsonLinesTracker.resume(file, step)) {
      log(tracker, step, 3);
      tracker.sync();
    }
    return Files.readString(file);
  }

  @Test
  void eachStepIsALine() throws IOException {
    try (var tracker = JsonLinesTracker.create(file)) {
      log(tracker, 0, 3);
    }
    assertEquals(THREE_STEPS, Files.readString(file));
  }

  @Test
  void numbersHaveFullPrecisionAndAreThereAtOnce() throws IOException {
    try (var tracker = JsonLinesTracker.create(file)) {
      tracker.log(0, new TreeMap<>(Map.of("a", 1, "b", 0.1 + 0.2, "c", 1L << 60, "d", 2.5e-17)));
      assertEquals(
          "{\"a\":1,\"b\":0.30000000000000004,\"c\":1152921504606846976,\"d\":2.5E-17}\n",
          Files.readString(file));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void resumedFileIsThatOfTheUndisturbedRun(int step) throws IOException {
    Files.writeString(file, THREE_STEPS);
    assertEquals(THREE_STEPS, resumedAt(step));
  }

  @Test
  void fileIsCutWhenItIsOpened() throws IOException {
    Files.writeString(file, THREE_STEPS);
    try (var _ = JsonLinesTracker.resume(file, 1)) {
      assertEquals(THREE_STEPS.lines().findFirst().orElseThrow() + "\n", Files.readString(file));
    }
  }

  @Test
  void missingFileIsCreated() throws IOException {
    assertEquals(THREE_STEPS, resumedAt(0));
  }

  @Test
  void killAtAnyByteLeavesAFileThatGoesOn() throws IOException {
    for (var length = 0; length <= THREE_STEPS.length(); length++) {
      Files.writeString(file, THREE_STEPS.substring(0, length));
      // The checkpoint was written after the lines before it.
      var whole = (int) THREE_STEPS.substring(0, length).chars().filter(c -> c == '\n').count();
      assertEquals(THREE_STEPS, resumedAt(whole), "killed after " + length + " bytes");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no JSON\n",
        "\0\0\0\0",
        "\0\0\n",
        "\n",
        "[]\n",
        "{}\n",
        "{\"global_step\":\"1\"}\n",
        "{\"global_step\":1.5}\n",
        "{\"global_step\":1e300}\n",
        "{\"global_step\":99999999999}\n",
        "{\"global_step\":1} {\"global_step\":1}\n",
        "{\"global_step\":1,\"global_step\":1}\n"
      })
  void fileIsCutAtALineThatIsNoSteps(String damage) throws IOException {
    var lines = THREE_STEPS.split("(?<=\n)", -1);
    Files.writeString(file, lines[0] + damage + lines[1]);
    try (var _ = JsonLinesTracker.resume(file, 3)) {
      assertEquals(lines[0], Files.readString(file));
    }
  }

  @Test
  void lineWithoutEndIsCutWithoutReadingAllOfIt() throws IOException {
    Files.writeString(file, "x".repeat(3_000_000));
    assertEquals(THREE_STEPS, resumedAt(0));
  }

  @Test
  void linesOfManyStepsAreKept() throws IOException {
    try (var tracker = JsonLinesTracker.create(file)) {
      log(tracker, 0, 5000);
    }
    var all = Files.readString(file);
    try (var tracker = JsonLinesTracker.resume(file, 4000)) {
      log(tracker, 4000, 5000);
    }
    assertEquals(all, Files.readString(file));
  }
}
