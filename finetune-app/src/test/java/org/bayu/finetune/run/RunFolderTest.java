package org.bayu.finetune.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunFolderTest {
  @TempDir Path folder;

  private static String refusal(int exitCode, Path run) {
    var e = assertThrows(UserException.class, () -> RunFolder.open(run));
    assertEquals(exitCode, e.exitCode());
    return String.valueOf(e.getMessage());
  }

  @Test
  void aFolderInUseIsRefused() throws IOException {
    var run = folder.resolve("a");
    try (var _ = RunFolder.open(run)) {
      var message = refusal(ExitCode.FAILED, run);
      assertTrue(message.contains(run + ": another process"), message);
    }
  }

  @Test
  void aFolderThatCannotBeMadeIsNamed() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "");
    var message = refusal(ExitCode.FAILED, file);
    assertTrue(message.contains("file is a file"), message);
    assertTrue(message.contains("trainer.output_dir"), message);
    message = refusal(ExitCode.FAILED, file.resolve("run"));
    assertTrue(message.contains("cannot be written"), message);
    assertFalse(Files.isDirectory(file));
  }

  private List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aRunThatIsRefusedLeavesNothing() throws IOException {
    RunFolder.open(folder.resolve("runs/a")).close();
    assertEquals(List.of(), names(folder));
    var other = Files.createDirectories(folder.resolve("runs/b"));
    RunFolder.open(folder.resolve("runs/a")).close();
    assertEquals(List.of("b"), names(folder.resolve("runs")));
    RunFolder.open(other).close();
    assertTrue(Files.isDirectory(other), "a folder that was there stays");
  }

  @Test
  void aFolderIsOneOfARunOnceItHasAConfiguration() throws IOException {
    var run = folder.resolve("a");
    try (var open = RunFolder.open(run)) {
      assertFalse(open.hasRun());
      open.writeConfig("x: 1\n");
      assertTrue(open.hasRun());
      open.writeConfig("x: 2\n");
    }
    assertEquals("x: 2\n", Files.readString(run.resolve("config.yaml")));
    assertEquals(List.of(".lock", "config.yaml"), names(run));
    try (var open = RunFolder.open(run)) {
      assertTrue(open.hasRun());
    }
  }

  @Test
  void theEndOfARunIsReadBackToItsEqual() throws IOException {
    var messages = new ArrayList<String>();
    for (var loss : new double[] {0.1 + 0.2, Double.NaN}) {
      var end = RunEnd.now("a", 120, loss, Map.of("model", "out/a/step-120"));
      try (var open = RunFolder.open(folder.resolve("a"))) {
        assertEquals(Double.isNaN(loss), end.lastLoss() == null);
        open.end(end);
        assertEquals(Optional.of(end), open.ended(messages::add));
      }
    }
    assertEquals(List.of(), messages);
  }

  @Test
  void aRunWithoutAnEndHasNotEnded() throws IOException {
    try (var open = RunFolder.open(folder.resolve("a"))) {
      assertEquals(Optional.empty(), open.ended(message -> fail(message)));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{\"id\": \"a\", \"steps\"",
        "[]",
        "{}",
        "{\"id\": \"a\", \"steps\": 1e99, \"ended\": \"2026-01-01T00:00:00Z\"}",
        "{\"id\": \"a\", \"steps\": 3, \"ended\": \"yesterday\"}"
      })
  void aDamagedEndCountsAsNoneAndIsNamed(String text) throws IOException {
    var messages = new ArrayList<String>();
    try (var open = RunFolder.open(folder.resolve("a"))) {
      Files.writeString(folder.resolve("a/run.json"), text);
      assertEquals(Optional.empty(), open.ended(messages::add));
    }
    assertEquals(1, messages.size());
    var message = messages.getFirst();
    assertTrue(message.startsWith(folder.resolve("a/run.json") + ": "), message);
    assertTrue(message.endsWith(". The run counts as not ended."), message);
  }

  @Test
  void aFolderIsInUseUntilTheProcessThatWritesItIsGone() throws Exception {
    var run = folder.resolve("a");
    var process = RunHolder.start(run);
    try {
      assertTrue(RunLock.isTaken(run));
      var message = refusal(ExitCode.FAILED, run);
      assertTrue(message.contains(run + ": another process"), message);
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertFalse(RunLock.isTaken(run));
    RunFolder.open(run).close();
    assertTrue(Files.isDirectory(run), "the killed process had made it");
  }
}
