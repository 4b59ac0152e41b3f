package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrackerConfigTest {
  @TempDir private Path folder;

  private TrainerConfig load(String trainer) throws IOException {
    var file =
        Files.writeString(folder.resolve("run.yaml"), "{data: t, trainer: {" + trainer + "}}");
    return TrainConfig.load(file, List.of(), TestFiles.HERE).trainer();
  }

  @Test
  void aListHasATrackerOfEachType() throws IOException {
    var trainer =
        load("tracker: [{type: wandb, project: p, tags: [a]}, {type: tensorboard, logdir: logs}]");
    var wandb = Objects.requireNonNull(trainer.wandbTracker());
    assertEquals("p", wandb.project());
    assertEquals(List.of("a"), wandb.tags());
    var tensorboard = Objects.requireNonNull(trainer.tensorBoardTracker());
    assertEquals(Path.of("logs/lora"), tensorboard.folder(Path.of("runs/lora")));
  }

  @Test
  void withoutALogdirTheEventsAreInTheRun() throws IOException {
    var tensorboard =
        Objects.requireNonNull(load("tracker: {type: tensorboard}").tensorBoardTracker());
    assertEquals(Path.of("runs/lora/tensorboard"), tensorboard.folder(Path.of("runs/lora")));
    assertNull(load("tracker: {type: tensorboard, write_to_disk: false}").tensorBoardTracker());
  }

  @Test
  void aConfigurationWithTrackersIsReadBack() throws IOException {
    var config =
        TrainConfig.load(
            null,
            List.of(
                "--data=t",
                "--trainer.tracker=[{type: wandb, mode: offline}, {type: tensorboard}, {type:"
                    + " noop}]"),
            TestFiles.HERE);
    var again = Files.writeString(folder.resolve("again.yaml"), config.toYaml(TestFiles.HERE));
    assertEquals(config, TrainConfig.load(again, List.of(), TestFiles.HERE));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          tracker: {project: p}                              | type is missing
          tracker: {type: tensorbord}                        | Did you mean tensorboard?
          tracker: {type: mlflow-and-more}                   | There are wandb, tensorboard, json_logger, noop.
          tracker: [{type: noop}, {type: noop}]              | has the type noop twice
          tracker: {type: wandb}, wandb: {}                  | there is trainer.wandb too
          tracker: noop                                      | a section of keys is expected
          tracker: {type: wandb, mode: of}                   | one of online, offline, disabled
          wandb: {mode: on}                                  | one of online, offline, disabled
          wandb: {id: a/b}                                   | a name of letters, digits
          tracker: {type: tensorboard, logdr: a}             | mean trainer.tracker.logdir?
          """)
  void whatIsWrongIsSaid(String trainer, String said) {
    var e = assertThrows(UserException.class, () -> load(trainer));
    assertTrue(String.valueOf(e.getMessage()).contains(said), e::getMessage);
  }
}
