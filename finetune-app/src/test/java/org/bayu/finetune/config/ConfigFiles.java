package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.junit.jupiter.api.io.TempDir;

/** Configurations that tests write and read. */
abstract class ConfigFiles {
  @TempDir Path folder;

  TrainConfig load(String yaml, String... flags) throws IOException {
    return TrainConfig.load(
        Files.writeString(folder.resolve("run.yaml"), yaml), List.of(flags), TestFiles.HERE);
  }

  void assertRefused(String yaml, List<String> flags, String... parts) {
    var e = assertThrows(UserException.class, () -> load(yaml, flags.toArray(String[]::new)));
    assertEquals(ExitCode.USAGE, e.exitCode());
    var message = String.valueOf(e.getMessage());
    assertEquals(1, message.lines().count(), message);
    for (var part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  void assertRefused(String yaml, String... parts) {
    assertRefused(yaml, List.of(), parts);
  }

  void assertFlagRefused(String flag, String... parts) {
    assertRefused("data: train.jsonl", List.of(flag), parts);
  }
}
