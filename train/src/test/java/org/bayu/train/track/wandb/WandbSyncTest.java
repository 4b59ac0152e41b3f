package org.bayu.train.track.wandb;

import static org.bayu.train.track.wandb.WandbTrackerTest.steps;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.bayu.train.track.PngImage;
import org.bayu.train.track.Table;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WandbSyncTest {
  private final List<String> messages = Collections.synchronizedList(new ArrayList<>());

  @TempDir private Path root;
  private StandInWandb server;

  @BeforeEach
  void start() throws IOException {
    server = new StandInWandb();
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    assertEquals(List.of(), server.problems);
    assertFalse(messages.toString().contains(StandInWandb.KEY), messages::toString);
  }

  private WandbTracker open(int firstStep) throws IOException {
    return WandbTrackerTest.open(root, firstStep, server.server(), messages);
  }

  private static void config(WandbTracker tracker, int steps) throws IOException {
    tracker.config(JsonNodeFactory.instance.objectNode().put("num_train_steps", steps));
  }

  private void awaitSteps(int count) throws InterruptedException {
    for (var tries = 0; server.steps().size() < count; tries++) {
      assertTrue(tries < 12_000, "the server does not get the steps");
      Thread.sleep(5);
    }
  }

  @Test
  void theServerGetsTheWholeRun() throws IOException, InterruptedException {
    try (var tracker = open(0)) {
      config(tracker, 3);
      steps(tracker, 0, 2);
      awaitSteps(2); // while the run goes on
      steps(tracker, 2, 3);
      tracker.table("predictions", new Table(List.of("input"), List.of(List.of("a"))));
      tracker.image("confusion_matrix", new PngImage(1, 1, new byte[] {'p'}));
      tracker.summary(Map.of("evaluate/overall", 0.5));
      tracker.ended();
      assertTrue(String.valueOf(tracker.folder().getFileName()).startsWith("run-"));
    }
    assertEquals(List.of(0L, 1L, 2L, 3L, 4L), server.steps());
    assertEquals(List.of(), server.sentTwice);
    assertEquals(
        1.0 / 5, Objects.requireNonNull(server.history.get(2)).path("train/loss").doubleValue());
    assertEquals(
        "{\"num_train_steps\":{\"value\":3},\"_wandb\":{\"value\":{}}}", server.config.toString());
    assertEquals("a name", server.variables.path("displayName").asText());
    assertEquals("[\"viggo\",\"llama\"]", server.variables.path("tags").toString());
    assertEquals(0.5, server.summary.path("evaluate/overall").doubleValue());
    assertEquals(1.0 / 5, server.summary.path("train/loss").doubleValue());
    assertEquals(0, server.exitCode);
    assertEquals(
        Set.of("table.json", "png", "config.yaml", "wandb-summary.json", "wandb-metadata.json"),
        new TreeSet<>(
            server.files.keySet().stream()
                .map(name -> name.replaceFirst("media/[^.]*\\.", ""))
                .toList()));
    assertEquals(
        List.of("W&B: " + server.server().base() + "/someone/levanter/runs/golden"), messages);
  }

  @Test
  void whatTheNetworkLosesIsSentAgain() throws IOException {
    for (var fault :
        List.of(
            "cut",
            "HTTP/1.1 500 no",
            "HTTP/1.1 429 no\r\nRetry-After: 0",
            "cut",
            "HTTP/1.1 503 no")) {
      server.faults.add(fault);
    }
    try (var tracker = open(0)) {
      config(tracker, 3);
      steps(tracker, 0, 3);
      tracker.ended();
      for (var request = 0; request < 4; request++) {
        server.faults.add("cut");
      }
    }
    assertEquals(List.of(0L, 1L, 2L), server.steps());
    assertEquals(0, server.exitCode);
    assertEquals(
        List.of(
            "W&B (%s): cannot be reached. What it misses is sent when it can be."
                .formatted(server.server()),
            "W&B: %s/someone/levanter/runs/golden".formatted(server.server())),
        messages);
  }

  @Test
  void aKilledRunGoesOnWhereTheServerIs() throws IOException, InterruptedException {
    var killed =
        WandbTrackerTest.open(
            root, 0, server.otherAddress(), Duration.ofMillis(1), new ArrayList<>());
    config(killed, 6);
    steps(killed, 0, 5);
    awaitSteps(5);
    var folder = killed.folder();
    killed.log(5, Map.of("global_step", 5)); // perhaps sent, perhaps not
    server.cutOff();
    var other = Files.createDirectories(root.resolve("resumed/wandb/" + folder.getFileName()));
    Files.copy(
        folder.resolve("run-golden.wandb"), other.resolve("run-golden.wandb")); // the disk, killed
    Files.createDirectory(other.resolve("files"));
    try (var tracker =
        WandbTrackerTest.open(root.resolve("resumed"), 2, server.server(), messages)) {
      config(tracker, 8);
      steps(tracker, 2, 8);
      tracker.ended();
    }
    assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L), server.steps());
    assertEquals(
        List.of(), server.sentTwice.stream().filter(line -> line < 5).toList(), "sent again");
    assertEquals(8, server.config.path("num_train_steps").path("value").asInt());
    assertEquals(0, server.exitCode);
    killed.close();
  }

  @Test
  void stepsInThePlaceOfAnEvaluationReplaceIt() throws IOException {
    try (var tracker = open(0)) {
      config(tracker, 2);
      steps(tracker, 0, 2);
      tracker.table("predictions", new Table(List.of("input"), List.of(List.of("a"))));
      tracker.ended();
    }
    assertEquals(List.of(0L, 1L, 2L), server.steps());
    server.reopen();
    try (var tracker = open(2)) {
      config(tracker, 4);
      steps(tracker, 2, 4);
      tracker.ended();
    }
    assertEquals(List.of(0L, 1L, 2L, 3L), server.steps());
    assertTrue(server.history.values().stream().allMatch(line -> line.has("train/loss")));
    assertEquals(List.of(2), server.sentTwice);
  }

  @Test
  void aKeyThatIsRefusedIsSaidOnceAndTheFolderHasTheRun() throws IOException {
    var wrong = new WandbServer(server.server().base(), "x".repeat(40));
    Path folder;
    try (var tracker = WandbTrackerTest.open(root, 0, wrong, messages)) {
      folder = tracker.folder();
      config(tracker, 3);
      steps(tracker, 0, 3);
      tracker.ended();
    }
    assertEquals(
        List.of(
            "W&B (%s): nothing more is sent to it, because it refuses the API key (401). The run is in its folder. To send it: wandb sync --include-online %s"
                .formatted(wrong.base(), folder)),
        messages);
    assertEquals(2, server.requests);
    assertTrue(Files.size(folder.resolve("run-golden.wandb")) > 1000);
  }

  @Test
  void aServerThatIsNotThereIsSaidAtTheEnd() throws IOException {
    server.close();
    try (var tracker =
        WandbTrackerTest.open(root, 0, server.server(), Duration.ofMillis(300), messages)) {
      config(tracker, 3);
      steps(tracker, 0, 3);
    }
    assertEquals(2, messages.size(), messages::toString);
    assertTrue(
        messages.getLast().contains("cannot be reached")
            && messages.getLast().contains("wandb sync --include-online "),
        messages.getLast());
  }

  @Test
  void addressesThatAreNoneAreRefused() {
    for (var address : List.of("ftp://a", "a", "https:///x", "https://user:word@a")) {
      assertThrows(
          IllegalArgumentException.class, () -> new WandbServer(URI.create(address), "key"));
    }
    assertEquals("https://a", new WandbServer(URI.create("https://a"), "key").toString());
  }
}
