package org.bayu.finetune.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.model.Models;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunStartTest {
  @TempDir private Path folder;

  @Test
  void aCommandThatGoesOnOverridesThatItsFileBeginsAnew() throws IOException {
    var file = Files.writeString(folder.resolve("x.yaml"), "trainer: {load_checkpoint: false}\n");
    assertEquals(
        List.of("train", "--trainer.load_checkpoint=null", "--trainer.id=x"), resuming(file));
  }

  @Test
  void aCommandThatGoesOnDoesNotSayAgainThatItBeginsAnew() throws IOException {
    var file = Files.writeString(folder.resolve("x.yaml"), "{}\n");
    assertEquals(
        List.of("train", "--trainer.id=x"), resuming(file, "--trainer.load_checkpoint=false"));
  }

  private List<String> resuming(Path file, String... flags) throws IOException {
    try (var models = new Models(Map.of(), new PrintWriter(Writer.nullWriter()))) {
      var overrides = new ArrayList<String>(List.of(flags));
      overrides.add("--data=" + folder.resolve("rows.jsonl"));
      overrides.add("--trainer.output_dir=" + folder.resolve("runs"));
      var config = TrainConfig.load(file, overrides, models.files()).withId("x");
      try (var start = RunStart.of(config, models, _ -> {})) {
        var arguments = new ArrayList<String>(List.of("train"));
        arguments.addAll(List.of(flags));
        return start.resuming(arguments);
      }
    }
  }
}
