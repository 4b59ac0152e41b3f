package org.bayu.train.track.wandb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bayu.train.track.PngImage;
import org.bayu.train.track.Table;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WandbTrackerTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/track/wandb");
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_250L));

  /** Everything at once. */
  private static WandbSync.Pace pace(Duration end) {
    return new WandbSync.Pace(
        Duration.ofMillis(2),
        Duration.ofMillis(50),
        Duration.ofMillis(2),
        Duration.ofMillis(20),
        end);
  }

  static final WandbRun RUN =
      new WandbRun("golden", null, "levanter", "a name", List.of("viggo", "llama"), "group");

  @TempDir private Path root;

  /** Writes the golden folder anew, into the one that is named. */
  public static void main(String[] args) throws IOException {
    write(Path.of(args[0]));
  }

  private static void write(Path root) throws IOException {
    try (var tracker = open(root, 0)) {
      var config = JsonNodeFactory.instance.objectNode().put("data", "rows.jsonl");
      config.putObject("trainer").put("num_train_steps", 3);
      tracker.config(config);
      steps(tracker, 0, 3);
      tracker.table(
          "predictions", new Table(List.of("input", "predicted"), List.of(List.of("ä\n", "f()"))));
      tracker.image("confusion_matrix", new PngImage(1, 2, new byte[] {1, 2, 3}));
      tracker.summary(Map.of("evaluate/overall", 2.0 / 3));
      tracker.ended();
    }
  }

  private static WandbTracker open(Path root, int firstStep) throws IOException {
    return open(root, firstStep, null, new ArrayList<>());
  }

  static WandbTracker open(
      Path root, int firstStep, @Nullable WandbServer server, List<String> messages)
      throws IOException {
    return open(root, firstStep, server, Duration.ofSeconds(20), messages);
  }

  /** The same with so long a wait for the network at the end. */
  static WandbTracker open(
      Path root, int firstStep, @Nullable WandbServer server, Duration end, List<String> messages)
      throws IOException {
    return WandbTracker.open(
        root,
        RUN,
        firstStep,
        server,
        new WandbTracker.Environment(
            CLOCK, new WandbTracker.Machine("host", "Linux 6", 8), pace(end), messages::add));
  }

  static void steps(WandbTracker tracker, int first, int end) throws IOException {
    for (var step = first; step < end; step++) {
      var metrics = new LinkedHashMap<String, Number>();
      metrics.put("global_step", step);
      metrics.put("train/loss", 1.0 / (step + 3));
      metrics.put("throughput/total_tokens", (1L << 60) + step);
      tracker.log(step, metrics);
    }
  }

  private static Path log(Path root) throws IOException {
    try (var folders = Files.list(root.resolve("wandb"))) {
      var all = folders.toList();
      assertEquals(1, all.size(), all::toString);
      return all.getFirst().resolve("run-golden.wandb");
    }
  }

  private static List<WandbRecord> read(Path log) throws IOException {
    try (var file = WandbFile.open(log)) {
      var records = new ArrayList<WandbRecord>();
      var reader = file.reader();
      for (var bytes = reader.next(file.length());
          bytes != null;
          bytes = reader.next(file.length())) {
        records.add(WandbRecord.Format.read(bytes));
      }
      assertEquals(file.length(), reader.position());
      return records;
    }
  }

  /** The steps of the history, in their order. */
  private static List<Long> history(Path log) throws IOException {
    var steps = new ArrayList<Long>();
    for (var record : read(log)) {
      if (record instanceof WandbRecord.History(var step, var values)) {
        assertEquals(step, values.path("_step").longValue());
        steps.add(step);
      }
    }
    return steps;
  }

  private static List<Long> ofSteps(int end) {
    var steps = new ArrayList<Long>();
    for (var step = 0L; step < end; step++) {
      steps.add(step);
    }
    return steps;
  }

  @Test
  void fileIsThatWhichWandbHasRead() throws IOException {
    write(root);
    var log = log(root);
    assertTrue(String.valueOf(log.getParent()).matches(".*/offline-run-\\d{8}_\\d{6}-golden"));
    assertArrayEquals(
        Files.readAllBytes(GOLDEN.resolve("run-golden.wandb")), Files.readAllBytes(log));
    assertEquals(
        "{\"columns\":[\"input\",\"predicted\"],\"data\":[[\"ä\\n\",\"f()\"]]}",
        Files.readString(
            log.resolveSibling("files/media/table/predictions_3_cbc19465528d187d6a4b.table.json")));
  }

  @Test
  void recordsAreReadBack() throws IOException {
    write(root);
    var records = read(log(root));
    var run = (WandbRecord.Run) records.get(1);
    assertEquals(RUN, run.run());
    assertEquals(
        "{\"data\":\"rows.jsonl\",\"trainer\":{\"num_train_steps\":3},\"_wandb\":{}}",
        run.config().toString());
    assertEquals(new WandbRecord.Exit(0), records.getLast());
    assertEquals(ofSteps(5), history(log(root)));
  }

  @Test
  void aTableOfAStepIsInTheStepsOwnLine() throws IOException {
    try (var tracker = open(root, 0)) {
      steps(tracker, 0, 1);
      tracker.table(1, "eval_predictions", new Table(List.of("a"), List.of(List.of("b"))));
      steps(tracker, 1, 3);
    }
    assertEquals(ofSteps(3), history(log(root)));
    var lines =
        read(log(root)).stream()
            .filter(WandbRecord.History.class::isInstance)
            .map(record -> ((WandbRecord.History) record).values().path("eval_predictions"))
            .toList();
    assertTrue(lines.get(0).isMissingNode() && lines.get(2).isMissingNode(), lines::toString);
    assertTrue(
        Files.exists(log(root).resolveSibling("files/" + lines.get(1).path("path").asText())),
        lines::toString);
  }

  @Test
  void aRunThatFailsEndsWithOne() throws IOException {
    try (var tracker = open(root, 0)) {
      steps(tracker, 0, 1);
    }
    assertEquals(new WandbRecord.Exit(1), read(log(root)).getLast());
  }

  @Test
  void eachStepIsThereOnceWhereverTheRunWasKilled() throws IOException {
    try (var tracker = open(root, 0)) {
      steps(tracker, 0, 3);
    }
    var log = log(root);
    var bytes = Files.readAllBytes(log);
    for (var length = 0; length <= bytes.length; length += 13) {
      Files.write(log, Arrays.copyOf(bytes, length));
      var done = 0;
      try (var file = WandbFile.open(log)) {
        var reader = file.reader();
        for (var record = reader.next(length); record != null; record = reader.next(length)) {
          done += WandbRecord.Format.read(record) instanceof WandbRecord.History ? 1 : 0;
        }
      }
      try (var tracker = open(root, done)) {
        steps(tracker, done, 3);
        tracker.ended();
      }
      assertEquals(ofSteps(3), history(log), "killed after " + length + " bytes");
      assertEquals(new WandbRecord.Exit(0), read(log).getLast());
    }
  }

  @Test
  void aRunGoesOnInItsFolderAndIsToBeSyncedAgain() throws IOException {
    write(root);
    var mark = Files.createFile(log(root).resolveSibling("run-golden.wandb.synced"));
    for (var first = 3; first >= 0; first--) {
      try (var tracker = open(root, first)) {
        assertFalse(Files.exists(mark));
        assertEquals(ofSteps(first), history(log(root)));
        steps(tracker, first, 4);
      }
      assertEquals(ofSteps(4), history(log(root)));
    }
  }

  @Test
  void recordsOfAnyLengthAreReadBack() throws IOException {
    var random = new Random(5);
    var path = root.resolve("f.wandb");
    var written = new ArrayList<byte[]>();
    try (var file = WandbFile.open(path)) {
      file.cut(0);
      for (var length :
          List.of(0, 1, 32_754 - 8 - 7 - 7, 0, 3, 32_740, 9, 100_000, 65_522, 32_761, 5)) {
        var record = new byte[length];
        random.nextBytes(record);
        file.write(record);
        written.add(record);
      }
      for (var length = 0; length < 400; length++) { // ends at every distance from the block's
        var record = new byte[length + 32_000 / (length % 40 + 1)];
        file.write(record);
        written.add(record);
      }
      var reader = file.reader();
      for (var record : written) {
        assertArrayEquals(record, reader.next(file.size()));
      }
      assertEquals(file.size(), reader.position());
      assertEquals(file.size(), file.length());
    }
  }

  @Test
  void readerWaitsForTheRestOfARecord() throws IOException {
    try (var file = WandbFile.open(root.resolve("f.wandb"))) {
      file.cut(0);
      file.write(new byte[] {1});
      var first = file.size();
      file.write(new byte[40_000]);
      var reader = file.reader();
      assertArrayEquals(new byte[] {1}, reader.next(first));
      assertEquals(null, reader.next(first));
      assertEquals(null, reader.next(first + 39_000));
      assertArrayEquals(new byte[40_000], reader.next(file.size()));
    }
  }
}
