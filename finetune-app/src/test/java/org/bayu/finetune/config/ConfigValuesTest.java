package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How a value is written, in a file and as a flag. */
class ConfigValuesTest {
  @TempDir private Path folder;

  private List<TrainConfig> load(String key, String value) throws IOException {
    var section = key.substring(0, key.indexOf('.'));
    var name = key.substring(key.indexOf('.') + 1);
    var yaml = "data: t\n" + section + ":\n  " + name + ": " + value + "\n";
    var file = Files.writeString(folder.resolve("run.yaml"), yaml);
    return List.of(
        TrainConfig.load(file, List.of(), TestFiles.HERE),
        TrainConfig.load(null, List.of("--data=t", "--" + key, value), TestFiles.HERE));
  }

  @ParameterizedTest
  @CsvSource({
    "3e-4, 3e-4",
    "2E-5, 2e-5",
    "1.5e-5, 1.5e-5",
    ".0003, 3e-4",
    "3.e-4, 3e-4",
    "+1, 1",
    "010, 10",
    "'\"1e-4\"', 1e-4"
  })
  void aNumberIsDecimalAndItsExponentNeedsNoDot(String written, double value) throws IOException {
    for (var config : load("optimizer.learning_rate", written)) {
      assertEquals(value, config.optimizer().learningRate(), written);
    }
  }

  @ParameterizedTest
  @CsvSource({"1e3, 1000", "120.0, 120", "+5, 5", "010, 10", "'\"7\"', 7"})
  void aWholeNumberMayHaveAnExponentOrAPointWithNothingBehindIt(String written, int value)
      throws IOException {
    for (var config : load("trainer.num_train_steps", written)) {
      assertEquals(value, config.trainer().numTrainSteps(), written);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"1_000", "'1,000'", "0x10", "0o17", ".inf", ".nan", "1d", "1 000", "1:30", "''"})
  void whatOnlyLooksLikeANumberIsRefused(String written) {
    for (var key : List.of("optimizer.learning_rate", "trainer.num_train_steps")) {
      var e = assertThrows(UserException.class, () -> load(key, written), written);
      assertTrue(String.valueOf(e.getMessage()).contains(key), e::getMessage);
      assertTrue(String.valueOf(e.getMessage()).contains("number of at least"), e::getMessage);
    }
  }

  @ParameterizedTest
  @CsvSource({"true, true", "Yes, true", "ON, true", "false, false", "no, false", "Off, false"})
  void truthValuesAreWordsInAnyCase(String written, boolean value) throws IOException {
    for (var config : load("trainer.prefix_sharing", written)) {
      assertEquals(value, config.trainer().prefixSharing(), written);
    }
  }

  @Test
  void nullIsTheDefault() throws IOException {
    for (var written : List.of("null", "~", "")) {
      var yaml = "data: t\ntrainer:\n  seed: " + written + "\n  num_train_steps: " + written + "\n";
      var file = Files.writeString(folder.resolve("run.yaml"), yaml);
      var config = TrainConfig.load(file, List.of(), TestFiles.HERE);
      assertEquals(0, config.trainer().seed(), written);
      assertEquals(400_000, config.trainer().numTrainSteps(), written);
    }
  }
}
