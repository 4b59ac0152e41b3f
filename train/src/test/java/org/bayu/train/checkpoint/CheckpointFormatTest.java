package org.bayu.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.train.Adaptation;
import org.bayu.train.TrainSettings;
import org.bayu.train.TrainState;
import org.bayu.train.TrainingStep;
import org.bayu.train.finetune.TinyRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every version of Bayu reads {@code src/test/resources/checkpoints/format-1}, a checkpoint of the
 * first format that {@link #main} wrote. It is never written again: a new format gets a folder of
 * its own.
 */
class CheckpointFormatTest {
  private static final Path FIXTURE = Path.of("src/test/resources/checkpoints/format-1");

  private static final TrainState.Progress PROGRESS =
      new TrainState.Progress(
          7, 336, 2, 1, new TrainingStep.Result(Double.NaN, 0.5, 48, 40, 2, "the loss is NaN"));

  private static final long UPDATES = 5;

  @TempDir private Path temporary;

  /** Writes the fixture; the working directory is the module's, the argument the new folder. */
  static void main(String[] args) throws IOException {
    var folder = Path.of(args[0]);
    var parent = Files.createTempDirectory("fixture");
    try (var tiny = tiny(parent)) {
      for (var each : tiny.tuning.state().optimizer().states()) {
        fill(each.parameter().value(), 1);
        fill(each.m(), -2);
        fill(each.v(), 3);
      }
      var state = tiny.tuning.state();
      state.restore(PROGRESS, UPDATES);
      Checkpoint.write(folder, state, description(tiny), true);
    }
  }

  private static TinyRun tiny(Path parent) throws IOException {
    var targets = new LoraTargets.Names(List.of("q_proj"));
    return new TinyRun(
        TinyRun.model(parent.resolve("model")),
        Adaptation.lora(new LoraConfig(1, 8, 0.25, targets, false)),
        TrainSettings.of(10, 4, 1e-2),
        1);
  }

  private static RunDescription description(TinyRun tiny) throws IOException {
    var now = tiny.description();
    var settings = JsonNodeFactory.instance.objectNode().put("data", "rows.jsonl");
    settings.putObject("trainer").put("seed", 0).putArray("keep").add(3);
    return new RunDescription(
        "a-run",
        settings,
        now.adapter(),
        now.data(),
        now.base(),
        new RunDescription.Cut(4096, true),
        List.of("one processor", "another"));
  }

  private static void fill(Tensor tensor, float factor) {
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, factor * (i + 1) / 8);
    }
  }

  private static void assertFilled(Tensor tensor, float factor) {
    for (var i = 0L; i < tensor.elements(); i++) {
      assertEquals(factor * (i + 1) / 8, tensor.getFloat(i));
    }
  }

  @Test
  void theFirstFormatSaysWhatTheRunWas() throws IOException {
    var info = Checkpoint.open(FIXTURE).info();
    assertEquals(1, info.format());
    assertTrue(info.kept());
    assertEquals(PROGRESS, info.progress());
    assertEquals(UPDATES, info.updates());
    try (var tiny = tiny(temporary)) {
      assertEquals(description(tiny), info.run());
    }
  }

  @Test
  void theFirstFormatIsGoneOnFrom() throws IOException {
    try (var tiny = tiny(temporary)) {
      var state = tiny.tuning.state();
      Checkpoint.open(FIXTURE).load(state);
      assertEquals(PROGRESS, state.progress());
      assertEquals(UPDATES, state.optimizer().steps());
      assertEquals(4, state.optimizer().states().size());
      for (var each : state.optimizer().states()) {
        assertFilled(each.parameter().value(), 1);
        assertFilled(each.m(), -2);
        assertFilled(each.v(), 3);
      }
    }
  }

  /** Whoever has no Bayu finds parameters and moments by the parameters' names. */
  @Test
  void itsTensorsAreFoundByName() throws IOException {
    for (var name : List.of("parameters", "first_moments", "second_moments")) {
      try (var file = SafetensorsFile.open(FIXTURE.resolve(name + ".safetensors"))) {
        assertEquals(4, file.names().size());
        for (var layer = 0; layer < 2; layer++) {
          var tensor =
              file.entry("model.layers.%s.self_attn.q_proj.lora_A.weight".formatted(layer));
          assertEquals("F32", tensor.dtypeName());
          assertEquals(2, tensor.shape().rank());
        }
      }
    }
  }

  @Test
  void aWrittenOneHasTheSameFilesAndIsTheSameEachTime() throws IOException {
    try (var tiny = tiny(temporary)) {
      var state = tiny.tuning.state();
      Checkpoint.open(FIXTURE).load(state);
      var again = temporary.resolve("again");
      Checkpoint.write(again, state, description(tiny), true);
      try (var files = Files.list(FIXTURE)) {
        for (var file : files.toList()) {
          assertEquals(
              -1, Files.mismatch(file, again.resolve(file.getFileName())), file.toString());
        }
      }
    }
  }

  @Test
  void anotherAdapterIsNotLoaded() throws IOException {
    try (var tiny =
        new TinyRun(
            TinyRun.model(temporary.resolve("model")),
            TinyRun.lora(0),
            TrainSettings.of(10, 4, 1e-2),
            1)) {
      var checkpoint = Checkpoint.open(FIXTURE);
      var e =
          assertThrows(
              DamagedCheckpointException.class, () -> checkpoint.load(tiny.tuning.state()));
      assertTrue(
          String.valueOf(e.getMessage()).contains("holds other parameters than are trained"));
    }
  }
}
