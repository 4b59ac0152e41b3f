package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.lora.LoraTargets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/interoperability.md says of configurations; and whether its tests exist. */
class InteroperabilityTest {
  @TempDir Path folder;

  private TrainConfig load(String yaml) throws IOException {
    return TrainConfig.load(
        Files.writeString(folder.resolve("run.yaml"), yaml), List.of(), TestFiles.HERE);
  }

  @Test
  void numbersAreThoseOfYaml12() throws IOException {
    var config =
        load(
            """
            data: rows.jsonl
            max_tune_length: 010
            trainer: {num_train_steps: 1e3}
            optimizer: {learning_rate: 2E-5}
            """);
    assertEquals(10, config.maxTuneLength());
    assertEquals(2e-5, config.optimizer().learningRate());
    assertEquals(1000, config.trainer().numTrainSteps());
    assertThrows(UserException.class, () -> load("data: a\noptimizer: {learning_rate: .nan}\n"));
  }

  @Test
  void aListOfTargetModulesIsAList() throws IOException {
    var config = load("data: rows.jsonl\nlora: {target_modules: [q_proj, v_proj]}\n");
    assertEquals(
        new LoraTargets.Names(List.of("q_proj", "v_proj")),
        Objects.requireNonNull(config.lora()).targetModules());
  }

  @Test
  void everyTestThatThePageNamesExists() throws IOException {
    var page = Files.readString(Path.of("../docs/interoperability.md"));
    var named =
        Pattern.compile("`(\\w+Test)` `(\\w+)`")
            .matcher(page)
            .results()
            .collect(Collectors.toList());
    assertTrue(named.size() > 20, named.toString());
    for (var module :
        List.of("llama-model", "lora", "parquet", "train", "finetune-app", "tensor-core")) {
      try (var files = Files.walk(Path.of("..", module, "src", "test", "java"))) {
        for (var file : files.filter(path -> path.toString().endsWith("Test.java")).toList()) {
          var source = Files.readString(file);
          var name = file.getFileName().toString().replace(".java", "");
          named.removeIf(
              test ->
                  test.group(1).equals(name) && source.contains(" void " + test.group(2) + "("));
        }
      }
    }
    assertEquals(List.of(), named.stream().map(MatchResult::group).toList());
  }
}
