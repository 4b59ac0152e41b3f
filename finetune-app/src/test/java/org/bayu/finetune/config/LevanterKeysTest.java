package org.bayu.finetune.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

class LevanterKeysTest {
  private static final String LIST = "/org/bayu/finetune/config/levanter-keys.txt";

  @TempDir Path folder;

  private TrainConfig load(String yaml) throws IOException {
    return TrainConfig.load(
        Files.writeString(folder.resolve("run.yaml"), yaml), List.of(), TestFiles.HERE);
  }

  /** A key as a line of YAML, its sections as braces. */
  private static String yaml(String key, String value) {
    var names = key.split("\\.", -1);
    return String.join(": {", names) + ": " + value + "}".repeat(names.length - 1) + "\n";
  }

  private String refusal(String key, String value) {
    var e = assertThrows(UserException.class, () -> load("data: t\n" + yaml(key, value)), key);
    assertEquals(ExitCode.USAGE, e.exitCode());
    var message = Objects.requireNonNull(e.getMessage());
    assertTrue(message.contains("run.yaml, line 2: " + key + ": "), message);
    return message;
  }

  @ParameterizedTest
  @CsvFileSource(resources = LIST, delimiter = '\t', quoteCharacter = '\0')
  void everyKeyIsReadOrIgnoredInALineOrRefusedByWhatItMeans(String key, String answer, String value)
      throws IOException {
    switch (answer) {
      case "read" ->
          assertEquals(
              List.of(),
              load((key.equals("data") ? "" : "data: t\n") + yaml(key, value)).notices());
      case "ignored" -> {
        var notices = load("data: t\n" + yaml(key, value)).notices();
        assertEquals(1, notices.size(), notices::toString);
        var section = String.join(".", List.of(key.split("\\.", -1)).subList(0, 2));
        assertTrue(notices.getFirst().contains(section), notices::getFirst);
      }
      case "later" -> assertTrue(refusal(key, value).contains(" yet"), key);
      case "refused" -> {
        var message = refusal(key, value);
        assertFalse(message.contains("Did you mean"), message);
        assertTrue(message.contains("Bayu") || message.contains("use that one"), message);
      }
      default -> throw new AssertionError(answer);
    }
  }

  @Test
  void theListHasEveryKeyOfTheTable() throws IOException {
    try (var list = Objects.requireNonNull(LevanterKeysTest.class.getResourceAsStream(LIST))) {
      var lines = new String(list.readAllBytes(), UTF_8).lines().toList();
      var keys = lines.stream().map(line -> line.split("\t", -1)[0]).distinct().toList();
      assertTrue(keys.containsAll(LevanterKeys.paths()), () -> LevanterKeys.paths().toString());
      assertEquals(111, keys.stream().filter(key -> !key.startsWith("#")).count());
    }
  }

  @Test
  void whatIsIgnoredIsSaidInALineForEachReason() throws IOException {
    var notices =
        load("""
        data: t
        trainer:
          ray: {start_workers: true, auto_start_cluster: false}
          fsdp_axis: embed
          require_accelerator: false
          quantization: null
        """)
            .notices();
    assertEquals(
        List.of(
            "Without effect: trainer.ray (about clusters).",
            "Without effect: trainer.fsdp_axis, trainer.require_accelerator (about accelerators)."),
        notices);
  }

  @Test
  void aKeyThatIsMisspelledBelowAnIgnoredOneIsRefused() {
    var e =
        assertThrows(
            UserException.class, () -> load("{data: t, trainer: {ray: {start_worker: true}}}"));
    assertTrue(
        String.valueOf(e.getMessage()).contains("Did you mean trainer.ray.start_workers?"),
        e::getMessage);
  }

  @Test
  void theFirstBatchesOfTheEvaluationAreCountedInRowsOfTheLargestBatch() throws IOException {
    var size =
        "train_batch_size: [{start: 0, value: 2}, {start: 9, value: 6}, {start: 20, value: 4}]";
    assertEquals(
        18,
        load("{data: t, trainer: {max_eval_batches: 3, " + size + "}}").trainer().maxEvalRows());
    assertEquals(Long.MAX_VALUE, load("data: t").trainer().maxEvalRows());
  }
}
