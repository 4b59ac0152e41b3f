package org.bayu.train.track.tensorboard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bayu.tensor.io.ProtobufReader;
import org.bayu.train.track.PngImage;
import org.bayu.train.track.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardTrackerTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/track/tensorboard");
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_250L));

  @TempDir private Path folder;

  /** Writes the golden folder anew, into the one that is named. */
  public static void main(String[] args) throws IOException {
    write(Path.of(args[0]));
  }

  private static void write(Path folder) throws IOException {
    try (var tracker = TensorBoardTracker.open(folder, 0, CLOCK)) {
      var config = JsonNodeFactory.instance.objectNode().put("data", "rows.jsonl");
      config.putObject("trainer").put("num_train_steps", 3);
      tracker.config(config);
      steps(tracker, 0, 3);
      tracker.summary(new LinkedHashMap<>(Map.of("evaluate/overall", 2.0 / 3)));
      tracker.table(
          "predictions",
          new Table(List.of("input", "predicted"), List.of(List.of("a | b", "f(x[<y>])"))));
      tracker.image("confusion_matrix", PIXEL);
    }
  }

  private static void steps(TensorBoardTracker tracker, int first, int end) throws IOException {
    for (var step = first; step < end; step++) {
      var metrics = new LinkedHashMap<String, Number>();
      metrics.put("global_step", step);
      metrics.put("train/loss", 1.0 / (step + 3));
      metrics.put("throughput/total_tokens", 16_777_217L * (step + 1));
      metrics.put("optim/learning_rate", 3e-39 * (step + 1));
      tracker.log(step, metrics);
    }
  }

  @Test
  void aTableOfAStepIsAtTheStep() throws IOException {
    try (var tracker = TensorBoardTracker.open(folder, 0, CLOCK)) {
      steps(tracker, 0, 1);
      tracker.table(1, "eval_predictions", new Table(List.of("a"), List.of(List.of("b"))));
      steps(tracker, 1, 2);
    }
    assertTrue(read(folder).contains("1 eval_predictions/text_summary"), read(folder)::toString);
  }

  /** One red pixel, as it was deflated once. */
  private static final PngImage PIXEL =
      new PngImage(
          1,
          1,
          HexFormat.of()
              .parseHex(
                  "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
                      + "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"));

  /** A step's number and its values' names, for each event that has any. */
  private static List<String> read(Path folder) throws IOException {
    var events = new ArrayList<String>();
    try (var files = Files.list(folder)) {
      for (var file : files.sorted().toList()) {
        var bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
          var event = new byte[(int) bytes.getLong()];
          bytes.getInt();
          bytes.get(event);
          bytes.getInt();
          addStep(event, events);
        }
      }
    }
    return events;
  }

  private static void addStep(byte[] event, List<String> events) {
    var fields = new ProtobufReader(event);
    var step = 0L;
    while (fields.next()) {
      if (fields.field() == 2) {
        step = fields.number();
      } else if (fields.field() == 5) {
        var summary = fields.message();
        summary.next();
        var value = summary.message();
        value.next();
        events.add(step + " " + value.text());
      }
    }
  }

  private static List<String> ofSteps(int end) {
    var events = new ArrayList<String>();
    for (var step = 0; step < end; step++) {
      events.add(step + " global_step");
    }
    return events;
  }

  private static Path onlyFile(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      var all = files.toList();
      assertEquals(1, all.size(), all::toString);
      return all.getFirst();
    }
  }

  @Test
  void eventsAreThoseThatTensorBoardHasRead() throws IOException {
    write(folder);
    var golden = onlyFile(GOLDEN);
    assertArrayEquals(
        Files.readAllBytes(golden),
        Files.readAllBytes(folder.resolve(String.valueOf(golden.getFileName()))));
  }

  @Test
  void eachStepIsThereOnceWhereverTheRunWasKilled() throws IOException {
    var whole = folder.resolve("whole");
    try (var tracker = TensorBoardTracker.open(whole, 0, CLOCK)) {
      steps(tracker, 0, 3);
    }
    var bytes = Files.readAllBytes(onlyFile(whole));
    for (var length = 0; length <= bytes.length; length += 11) {
      var killed = Files.createDirectory(folder.resolve("killed-" + length));
      Files.write(
          killed.resolve("events.out.tfevents.0000000001.bayu.0"), Arrays.copyOf(bytes, length));
      var done = wholeSteps(killed);
      try (var tracker = TensorBoardTracker.open(killed, done, CLOCK)) {
        steps(tracker, done, 3);
      }
      assertEquals(ofSteps(3), read(killed), "killed after " + length + " bytes");
    }
  }

  /** The steps that are whole in a file's beginning. */
  private static int wholeSteps(Path killed) throws IOException {
    var bytes =
        ByteBuffer.wrap(Files.readAllBytes(onlyFile(killed))).order(ByteOrder.LITTLE_ENDIAN);
    var events = 0;
    while (bytes.remaining() >= 8 && bytes.getLong(bytes.position()) + 16 <= bytes.remaining()) {
      bytes.position(bytes.position() + (int) bytes.getLong(bytes.position()) + 16);
      events++;
    }
    return Math.max(0, events - 1);
  }

  @Test
  void stepsBeyondTheCheckpointAreCut() throws IOException {
    for (var first = 0; first <= 3; first++) {
      var run = folder.resolve("run-" + first);
      try (var tracker = TensorBoardTracker.open(run, 0, CLOCK)) {
        steps(tracker, 0, 3);
        tracker.image("confusion_matrix", PIXEL);
      }
      try (var tracker = TensorBoardTracker.open(run, first, CLOCK)) {
        assertEquals(ofSteps(first), read(run));
        steps(tracker, first, 4);
      }
      assertEquals(ofSteps(4), read(run));
    }
  }

  @Test
  void damagedEventIsCutWithAllBehindIt() throws IOException {
    try (var tracker = TensorBoardTracker.open(folder, 0, CLOCK)) {
      steps(tracker, 0, 3);
    }
    var file = onlyFile(folder);
    var bytes = Files.readAllBytes(file);
    bytes[bytes.length - 20] ^= 1;
    Files.write(file, bytes);
    TensorBoardTracker.open(folder, 3, CLOCK).close();
    assertEquals(ofSteps(2), read(folder));
  }

  @Test
  void otherFilesOfTheFolderStay() throws IOException {
    var other = Files.writeString(folder.resolve("notes.txt"), "mine");
    TensorBoardTracker.open(folder, 0, CLOCK).close();
    TensorBoardTracker.open(folder, 0, CLOCK).close();
    assertEquals("mine", Files.readString(other));
  }

  @Test
  void longTableSaysHowManyRowsItHas() throws IOException {
    try (var tracker = TensorBoardTracker.open(folder, 0, CLOCK)) {
      tracker.table(
          "predictions", new Table(List.of("a"), Collections.nCopies(201, List.of("cell"))));
    }
    var text = Files.readString(onlyFile(folder), StandardCharsets.ISO_8859_1);
    assertTrue(text.contains("The first 200 of 201 rows."), text);
    assertFalse(text.contains("| cell |\n".repeat(201)), text);
  }
}
