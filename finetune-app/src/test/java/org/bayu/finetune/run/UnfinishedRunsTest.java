package org.bayu.finetune.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.train.GradientCheckpointing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnfinishedRunsTest {
  @TempDir private Path folder;
  private final List<String> messages = new ArrayList<>();

  private TrainConfig command(String... flags) throws IOException {
    var all =
        new ArrayList<>(
            List.of(
                "--data=rows.jsonl",
                "--trainer.output_dir=" + folder,
                "--trainer.num_train_steps=10"));
    all.addAll(List.of(flags));
    return TrainConfig.load(null, all, TestFiles.HERE);
  }

  /** What a run leaves that began with a configuration. */
  private Path begin(String id, TrainConfig config) throws IOException {
    var planned = config.trainer().withMemory(4096, GradientCheckpointing.TRUE);
    try (var run = RunFolder.open(folder.resolve(id))) {
      run.writeConfig(config.withTrainer(planned).withId(id).toYaml(TestFiles.HERE));
    }
    return folder.resolve(id);
  }

  private void end(String id, int steps) throws IOException {
    try (var run = RunFolder.open(folder.resolve(id))) {
      run.end(RunEnd.now(id, steps, 1, Map.of()));
    }
  }

  private List<Path> unfinished(String... flags) throws IOException {
    return UnfinishedRuns.of(command(flags), TestFiles.HERE, messages::add);
  }

  @Test
  void aRunOfTheSameCommandIsFoundWhateverItsIdAndItsMemoryPlan() throws IOException {
    var run = begin("a", command());
    assertEquals(List.of(run), unfinished());
    assertEquals(List.of(run), unfinished("--trainer.id=b", "--trainer.load_checkpoint=true"));
    assertEquals(List.of(), messages);
  }

  @Test
  void withoutRunsThereAreNone() throws IOException {
    assertEquals(List.of(), unfinished());
    assertEquals(List.of(), unfinished("--trainer.output_dir=" + folder.resolve("none")));
  }

  @Test
  void aRunOfAnotherConfigurationIsNotFound() throws IOException {
    begin("a", command());
    assertEquals(List.of(), unfinished("--trainer.num_train_steps=11"));
    assertEquals(List.of(), unfinished("--trainer.seed=1"));
    assertEquals(List.of(), unfinished("--lora", "{}"));
    assertEquals(List.of(), unfinished("--optimizer.learning_rate=1"));
  }

  @Test
  void whatTheCommandSaysOfMemoryCounts() throws IOException {
    var run = begin("a", command());
    assertEquals(List.of(run), unfinished("--trainer.max_tokens_per_microbatch=4096"));
    assertEquals(List.of(), unfinished("--trainer.max_tokens_per_microbatch=100"));
    assertEquals(List.of(run), unfinished("--trainer.gradient_checkpointing=true"));
    assertEquals(List.of(), unfinished("--trainer.gradient_checkpointing=false"));
  }

  @Test
  void severalAreInTheOrderOfTheirNames() throws IOException {
    var b = begin("b", command());
    var a = begin("a", command());
    begin("c", command("--trainer.seed=7"));
    assertEquals(List.of(a, b), unfinished());
  }

  @Test
  void aRunThatHasDoneAllItsStepsIsNotFound() throws IOException {
    var run = begin("a", command());
    end("a", 9);
    assertEquals(List.of(run), unfinished(), "it has another step to do");
    end("a", 10);
    assertEquals(List.of(), unfinished());
  }

  @Test
  void aDamagedEndIsNoEnd() throws IOException {
    var run = begin("a", command());
    Files.writeString(run.resolve("run.json"), "{");
    assertEquals(List.of(run), unfinished());
    assertEquals(1, messages.size());
    assertTrue(messages.getFirst().contains("The run counts as not ended."), messages::getFirst);
  }

  @Test
  void aFolderThatHoldsNoRunIsPassedOver() throws IOException {
    begin("damaged", command());
    Files.writeString(folder.resolve("damaged/config.yaml"), "data: [");
    Files.createDirectory(folder.resolve("empty"));
    Files.writeString(folder.resolve("file"), "");
    Files.createDirectories(folder.resolve("folder/config.yaml"));
    assertEquals(List.of(), unfinished());
    assertEquals(List.of(), messages);
  }

  @Test
  void aRunThatAnotherProcessWritesIsNotFoundUntilItIsKilled() throws Exception {
    var run = begin("a", command());
    var process = RunHolder.start(run);
    try {
      assertEquals(List.of(), unfinished());
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertEquals(List.of(run), unfinished());
  }
}
