package org.bayu.finetune.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir Path folder;

  private static String refusal(int exitCode, Path run) {
    var e = assertThrows(UserException.class, () -> RunFolder.create(run, "x: 1\n"));
    assertEquals(exitCode, e.exitCode());
    return String.valueOf(e.getMessage());
  }

  @Test
  void metricsAreLinesAtFullPrecisionAndThereAtOnce() throws IOException {
    var run = folder.resolve("runs/a");
    try (var open = RunFolder.create(run, "x: 1\n")) {
      open.metrics().log(0, new TreeMap<>(Map.of("a", 1, "b", 0.1 + 0.2, "c", 1L << 60)));
      open.metrics().log(1, Map.of("d", 2.5e-17));
      assertEquals(
          List.of(
              "{\"a\":1,\"b\":0.30000000000000004,\"c\":1152921504606846976}", "{\"d\":2.5E-17}"),
          Files.readAllLines(run.resolve("metrics.jsonl")));
      assertEquals("x: 1\n", Files.readString(run.resolve("config.yaml")));
    }
  }

  @Test
  void aFolderInUseIsRefused() throws IOException {
    var run = folder.resolve("a");
    try (var _ = RunFolder.create(run, "x: 1\n")) {
      var message = refusal(ExitCode.FAILED, run);
      assertTrue(message.contains(run + ": another process"), message);
    }
  }

  @Test
  void aFolderWithARunIsRefusedAndLeftAsItIs() throws IOException {
    var run = folder.resolve("a");
    try (var open = RunFolder.create(run, "x: 1\n")) {
      open.metrics().log(1, Map.of("a", 1));
    }
    var message = refusal(ExitCode.USAGE, run);
    assertTrue(message.contains(run + ": holds a run already"), message);
    assertThrows(UserException.class, () -> RunFolder.refuseIfTaken(run));
    assertEquals(List.of("{\"a\":1}"), Files.readAllLines(run.resolve("metrics.jsonl")));
    assertTrue(refusal(ExitCode.USAGE, run).contains("holds a run"), "the lock was released");
  }

  @Test
  void aRunThatFailedBeforeItsFirstStepCanBeRepeated() throws IOException {
    var run = folder.resolve("a");
    RunFolder.create(run, "x: 1\n").close();
    RunFolder.refuseIfTaken(run);
    RunFolder.create(run, "x: 2\n").close();
    assertEquals("x: 2\n", Files.readString(run.resolve("config.yaml")));
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
}
