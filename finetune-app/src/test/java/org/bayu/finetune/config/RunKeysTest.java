package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a run goes on from, and where it is. */
class RunKeysTest extends ConfigFiles {
  @Test
  void aRunGoesOnBeginsAnewOrDecidesByWhatIsThere() throws IOException {
    assertNull(load("{data: t, trainer: {load_checkpoint: null}}").trainer().loadCheckpoint());
    assertEquals(
        false, load("{data: t, trainer: {load_checkpoint: no}}").trainer().loadCheckpoint());
    assertEquals(true, load("data: t", "--trainer.load_checkpoint").trainer().loadCheckpoint());
    assertEquals(
        Path.of("step-3"),
        load("data: t", "--trainer.load_checkpoint_path=step-3").trainer().loadCheckpointPath());
    var trainer = load("data: t", "--trainer.initialize_from=step-3").trainer();
    assertEquals(Path.of("step-3"), trainer.initializeFrom());
    assertTrue(trainer.crashOnNan());
    assertFalse(load("data: t", "--trainer.crash_on_nan=false").trainer().crashOnNan());
  }

  @Test
  void checkpointsToGoOnFromDoNotContradictEachOther() {
    var path = "--trainer.load_checkpoint_path=a";
    assertRefused(
        "data: t",
        List.of(path, "--trainer.load_checkpoint=false"),
        "--trainer.load_checkpoint_path");
    assertRefused(
        "data: t", List.of(path, "--trainer.initialize_from=b"), "initialize_from says nothing");
    assertRefused(
        "data: t",
        List.of("--trainer.initialize_from=a", "--lora.initialize_from=b"),
        "from two places");
  }

  @Test
  void checkpointsAreInTheRunsFolderOrInOneOfItsNameUnderTheirOwn() throws IOException {
    var run = Path.of("runs/x");
    assertEquals(run.resolve("checkpoints"), CheckpointerConfig.DEFAULT.folder("x", run));
    var other = load("data: t", "--trainer.checkpointer.base_path=points").trainer();
    assertEquals(Path.of("points/x"), other.checkpointer().folder("x", run));
  }
}
