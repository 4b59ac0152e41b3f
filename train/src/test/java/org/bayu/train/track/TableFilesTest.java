package org.bayu.train.track;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableFilesTest {
  private static final List<String> COLUMNS = List.of("input", "predicted");

  @TempDir private Path folder;
  private Path metrics;

  @BeforeEach
  void nameFile() {
    metrics = folder.resolve("metrics.jsonl");
  }

  private static Table table(String... predicted) {
    return new Table(
        COLUMNS, List.of(predicted).stream().map(text -> List.of("a \"é\n", text)).toList());
  }

  private TrackedRun run() {
    return new TrackedRun(metrics);
  }

  @Test
  void aTableOfTheRunReplacesTheOneBefore() throws IOException {
    try (var tracker = JsonLinesTracker.create(metrics)) {
      tracker.table("predictions", table("b", "c"));
      tracker.table("predictions", table("d"));
      tracker.environment(Map.of("java", "25"));
    }
    assertEquals(Map.of("predictions", table("d")), run().tables());
    assertEquals("25", run().environment().path("java").asText());
    assertEquals(
        "{\"input\":\"a \\\"é\\n\",\"predicted\":\"d\"}\n",
        Files.readString(folder.resolve("tables/predictions.jsonl")));
  }

  @Test
  void tablesOfStepsAreCutWhereARunGoesOnAndOthersStay() throws IOException {
    try (var tracker = JsonLinesTracker.create(metrics)) {
      tracker.table("predictions", table("d"));
      for (var step = 1; step < 8; step += 2) {
        tracker.table(step, "steps", table("after " + step, "x"));
      }
    }
    Files.writeString(
        folder.resolve("tables/half.jsonl"), "{\"global_step\":1,\"inp"); // killed while writing
    try (var tracker = JsonLinesTracker.resume(metrics, 5)) {
      tracker.table(5, "steps", table("again"));
      tracker.table(5, "half", table("whole"));
    }
    assertEquals(
        Map.of(
            "steps",
            Map.of(1, table("after 1", "x"), 3, table("after 3", "x"), 5, table("again")),
            "half",
            Map.of(5, table("whole"))),
        run().stepTables(Integer.MAX_VALUE));
    assertEquals(Map.of("steps", Map.of(1, table("after 1", "x"))), run().stepTables(2));
    assertEquals(Map.of("predictions", table("d")), run().tables());
  }

  @Test
  void whatIsMissingOrDamagedHasNothing() throws IOException {
    assertEquals(Map.of(), run().tables());
    Files.createDirectories(folder.resolve("tables"));
    Files.write(folder.resolve("tables/a.jsonl"), new byte[] {(byte) 0xff, '\n', '{', '}', '\n'});
    Files.writeString(folder.resolve("summary.json"), "{");
    assertEquals(Map.of(), run().tables());
    assertEquals(Map.of(), run().stepTables(9));
    assertEquals(0, run().summary().size());
    assertEquals(0, run().environment().size());
  }
}
