package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models with one weight that is infinite or no number: nothing is made of them. */
class NonFiniteWeightsTest {
  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void prepare() throws IOException {
    model = SmallModel.in(folder);
    Files.writeString(
        folder.resolve("rows.jsonl"), "{\"prompt\": \"a row\", \"completion\": \"yes\"}\n");
  }

  private CommandLineRun train(Object... more) {
    var all =
        new ArrayList<Object>(
            List.of(
                "train",
                "--data=" + folder.resolve("rows.jsonl"),
                "--data_cache_dir=" + folder.resolve("cache"),
                "--model_name_or_path=" + model,
                "--trainer.output_dir=" + folder.resolve("runs"),
                "--trainer.id=x",
                "--trainer.num_train_steps=1",
                "--trainer.train_batch_size=1"));
    all.addAll(List.of(more));
    return CommandLineRun.of(all.toArray());
  }

  private static String sentence(String value) {
    return "bayu: Tensor model.norm.weight holds "
        + value
        + ". A model with such a weight is neither trained nor saved.";
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void aModelWithSuchAWeightIsNotMerged(float value) throws IOException {
    var run = train("--lora.r=2", "--hf_save_path=" + folder.resolve("saves"));
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    SmallModel.setLastWeight(model, value);
    var merged = folder.resolve("merged");
    for (var dtype : List.of("f32", "bf16", "f16")) {
      var merge =
          CommandLineRun.of(
              "merge",
              "--model",
              model,
              "--adapter",
              folder.resolve("saves/x/step-1"),
              "--output",
              merged,
              "--dtype",
              dtype);
      assertEquals(sentence(Float.toString(value)), merge.sentence(ExitCode.FAILED));
      try (var left = Files.list(folder)) {
        assertTrue(
            left.map(path -> String.valueOf(path.getFileName()))
                .noneMatch(name -> name.startsWith(".bayu") || name.equals("merged")));
      }
    }
  }

  @Test
  void aModelWithSuchAWeightIsRefusedBeforeItIsTrained() throws IOException {
    SmallModel.setLastWeight(model, Float.NaN);
    for (var options : List.of("--lora.r=2", "--hf_save_path=" + folder.resolve("saves"))) {
      var run = train(options);
      assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
      assertEquals(sentence("NaN"), run.err().lines().toList().getLast());
    }
    assertFalse(Files.exists(folder.resolve("saves")) || Files.exists(folder.resolve("runs")));
  }
}
