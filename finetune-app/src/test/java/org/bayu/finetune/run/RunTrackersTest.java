package org.bayu.finetune.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.files.DownloadWatcher;
import org.bayu.remote.files.LocalFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTrackersTest {
  private static final String KEY = "0123456789".repeat(4);

  private final List<String> messages = new ArrayList<>();

  @TempDir private Path folder;

  private RunTrackers trackers(Map<String, String> variables, String... flags) throws IOException {
    var all =
        Stream.concat(
                Stream.of("--data=t", "--trainer.id=lora", "--trainer.report=false"),
                Stream.of(flags))
            .toList();
    return new RunTrackers(
        TrainConfig.load(null, all, TestFiles.HERE),
        folder,
        new LocalFiles(variables, folder.resolve("home"), messages::add, DownloadWatcher.NONE),
        messages::add);
  }

  /** The files that a run without steps leaves, but for their times. */
  private List<String> files(Map<String, String> variables, String... flags) throws IOException {
    for (var tracker : trackers(variables, flags).open(0)) {
      tracker.close();
    }
    try (var files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(
              file ->
                  folder
                      .relativize(file)
                      .toString()
                      .replaceAll("(?<!\\d)(\\d{8}_\\d{6}|\\d{10})(?!\\d)", "*"))
          .sorted()
          .toList();
    }
  }

  @Test
  void withoutTrackersThereAreTheMetricsAlone() throws IOException {
    assertEquals(List.of("metrics.jsonl"), files(Map.of()));
    assertEquals(List.of("metrics.jsonl"), files(Map.of(), "--trainer.tracker={type: noop}"));
    assertEquals(List.of(), messages);
  }

  @Test
  void withoutAKeyTheRunIsWrittenAndALineSaysHowToSendIt() throws IOException {
    assertEquals(
        List.of("metrics.jsonl", "wandb/offline-run-*-lora/run-lora.wandb"),
        files(Map.of(), "--trainer.wandb.project=levanter"));
    assertEquals(1, messages.size());
    assertTrue(
        messages
            .getFirst()
            .matches(
                "W&B: there is no API key, so nothing is sent\\. The run is in its folder\\. To"
                    + " send it: wandb sync .*/wandb/offline-run-.*-lora"),
        messages::getFirst);
  }

  @Test
  void offlineSendsNothingThoughThereIsAKey() throws IOException {
    files(Map.of("WANDB_API_KEY", KEY), "--trainer.tracker={type: wandb, mode: offline}");
    files(Map.of("WANDB_API_KEY", KEY, "WANDB_MODE", "dryrun"), "--trainer.wandb.project=p");
    assertEquals(2, messages.size());
    assertTrue(
        messages.stream().allMatch(line -> line.startsWith("W&B: nothing is sent.")),
        messages::toString);
    assertFalse(messages.toString().contains(KEY));
  }

  @Test
  void disabledWritesNothing() throws IOException {
    assertEquals(List.of("metrics.jsonl"), files(Map.of(), "--trainer.wandb.mode=disabled"));
    assertEquals(
        List.of("metrics.jsonl"),
        files(Map.of("WANDB_MODE", "disabled"), "--trainer.wandb.project=p"));
  }

  @Test
  void onlineNeedsAKeyBeforeAnythingIsDone() throws IOException {
    var e =
        assertThrows(UserException.class, () -> trackers(Map.of(), "--trainer.wandb.mode=online"));
    assertTrue(String.valueOf(e.getMessage()).contains("needs an API key"), e::getMessage);
  }

  @Test
  void variablesThatAreWrongAreNamed() {
    for (var wrong :
        List.of(
            Map.of("WANDB_MODE", "sometimes"),
            Map.of("WANDB_API_KEY", KEY, "WANDB_BASE_URL", "my server"),
            Map.of("WANDB_API_KEY", KEY, "WANDB_BASE_URL", "https://me:secret@host"))) {
      var e =
          assertThrows(
              UserException.class, () -> trackers(wrong, "--trainer.wandb.project=levanter"));
      assertTrue(String.valueOf(e.getMessage()).startsWith("$WANDB_"), e::getMessage);
      assertFalse(String.valueOf(e.getMessage()).contains("secret"), e::getMessage);
    }
  }

  @Test
  void folderOfTheVariableAndEventsOfTheLogdir() throws IOException {
    var files =
        files(
            Map.of("WANDB_DIR", folder.resolve("elsewhere").toString()),
            "--trainer.tracker=[{type: wandb, id: other}, {type: tensorboard, logdir: '"
                + folder.resolve("logs")
                + "'}]");
    assertEquals(
        List.of(
            "elsewhere/wandb/offline-run-*-other/run-other.wandb",
            "logs/" + folder.getFileName() + "/events.out.tfevents.*.bayu.0",
            "metrics.jsonl"),
        files);
  }

  @Test
  void aTrackerThatCannotBeOpenedIsLeftOut() throws IOException {
    Files.createFile(folder.resolve("tensorboard"));
    Files.createFile(folder.resolve("wandb"));
    assertEquals(
        List.of("metrics.jsonl", "tensorboard", "wandb"),
        files(Map.of(), "--trainer.tracker=[{type: wandb}, {type: tensorboard}]"));
    assertEquals(2, messages.size());
    assertTrue(
        messages.stream().allMatch(line -> line.contains(", and is left out.")),
        messages::toString);
  }
}
