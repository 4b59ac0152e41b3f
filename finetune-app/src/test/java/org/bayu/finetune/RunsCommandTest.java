package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.run.RunEnd;
import org.bayu.finetune.run.RunFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is listed of folders as runs leave them. */
class RunsCommandTest {
  @TempDir private Path folder;

  /** A run's folder, last changed in that minute of an evening. */
  private Path run(String id, int minute, int done, String... flags) throws IOException {
    var all = new ArrayList<>(List.of("--data=rows.jsonl", "--trainer.num_train_steps=120"));
    all.addAll(List.of(flags));
    var run = folder.resolve(id);
    try (var open = RunFolder.open(run)) {
      open.writeConfig(
          TrainConfig.load(null, all, TestFiles.HERE).withId(id).toYaml(TestFiles.HERE));
      var lines = new StringBuilder();
      for (var step = 0; step < done; step++) {
        lines.append(line(step, step + ".25"));
      }
      Files.writeString(open.metricsFile(), lines);
    }
    change(run, minute);
    return run;
  }

  private static String line(int step, String loss) {
    return String.format(Locale.ROOT, "{\"global_step\":%d,\"train/loss\":%s}\n", step, loss);
  }

  private static void change(Path run, int minute) throws IOException {
    var time = LocalDateTime.of(2026, 11, 29, 21, minute).atZone(ZoneId.systemDefault());
    try (var files = Files.walk(run)) {
      for (var file : (Iterable<Path>) files::iterator) {
        Files.setLastModifiedTime(file, FileTime.from(time.toInstant()));
      }
    }
  }

  private static void checkpoint(Path folder, int bytes) throws IOException {
    Files.createDirectories(folder);
    Files.write(folder.resolve("parameters.safetensors"), new byte[bytes - 2]);
    Files.writeString(folder.resolve("checkpoint.json"), "{}");
  }

  private List<String> table() {
    var run = CommandLineRun.of("runs", folder);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertEquals("", run.err());
    return run.out().lines().toList();
  }

  @Test
  void eachRunIsALineInTheOrderOfTheLastChange() throws IOException {
    var ended = run("ended", 2, 120);
    try (var open = RunFolder.open(ended)) {
      open.end(RunEnd.now("ended", 120, 1, Map.of()));
    }
    change(ended, 2);
    run("lost", 1, 0);
    var resumable = run("resumable", 4, 47);
    checkpoint(resumable.resolve("checkpoints/step-20"), 2 << 20);
    checkpoint(resumable.resolve("checkpoints/step-40"), 1 << 20);
    Files.createDirectories(resumable.resolve("checkpoints/step-60")); // not whole
    Files.createDirectories(resumable.resolve("checkpoints/.bayu-1.tmp"));
    change(resumable, 4);
    Files.createDirectories(folder.resolve("no run"));
    Files.createDirectories(folder.resolve("empty"));
    Files.writeString(folder.resolve("file"), "");
    try (var _ = RunFolder.open(run("running", 3, 1))) {
      assertEquals(
          """
          ID         STATE          STEP     LOSS     CHECKPOINTS        CHANGED
          lost       no checkpoint  0/120    -        -                  2026-11-29 21:01
          ended      ended          120/120  119.250  -                  2026-11-29 21:02
          running    running        1/120    0.250    -                  2026-11-29 21:03
          resumable  resumable      47/120   46.250   2, 3 MiB, step-40  2026-11-29 21:04
          """
              .lines()
              .toList(),
          table());
    }
  }

  @Test
  void checkpointsAreLookedForWhereTheConfigurationPutsThem() throws IOException {
    run("a", 1, 3, "--trainer.checkpointer.base_path=" + folder.resolve("elsewhere"));
    checkpoint(folder.resolve("elsewhere/a/step-2"), 1000);
    assertTrue(
        table().get(1).contains("resumable  3/120  2.250  1, 1 KiB, step-2"), table()::toString);
  }

  @Test
  void aRunThatEndedAndHasMoreStepsNowGoesOn() throws IOException {
    var run = run("a", 1, 3);
    try (var open = RunFolder.open(run)) {
      open.end(RunEnd.now("a", 3, 1, Map.of()));
    }
    checkpoint(run.resolve("checkpoints/step-3"), 1000);
    assertTrue(table().get(1).startsWith("a   resumable  3/120"), table()::toString);
  }

  @Test
  void whatIsDamagedIsPassedOver() throws IOException {
    var run = run("a", 1, 3);
    Files.writeString(
        run.resolve("metrics.jsonl"), Files.readString(run.resolve("metrics.jsonl")) + "{\"glob");
    assertTrue(table().get(1).contains("3/120  2.250"), table()::toString);
    Files.writeString(run.resolve("config.yaml"), "data: [");
    assertTrue(table().get(1).startsWith("a   unreadable  3/?"), table()::toString);
  }

  @Test
  void theLastLineOfALongFileIsReadAlone() throws IOException {
    var run = run("a", 1, 0);
    try (var file = Files.newBufferedWriter(run.resolve("metrics.jsonl"))) {
      for (var step = 0; step < 50_000; step++) {
        file.write(line(step, "\"NaN\""));
      }
    }
    assertTrue(table().get(1).contains("50000/120  NaN"), table()::toString);
  }

  @Test
  void aRunsOwnFolderIsListedAlone() throws IOException {
    run("a", 1, 3);
    var run = CommandLineRun.of("runs", run("b", 2, 3));
    assertEquals(2, run.out().lines().count());
    assertTrue(run.out().contains("b   no checkpoint  3/120"), run::out);
  }

  @Test
  void withoutRunsThereIsASentence() {
    var run = CommandLineRun.of("runs", folder);
    assertEquals(folder + ": no runs.", run.sentence(ExitCode.DONE));
    assertEquals(
        "bayu: %s: no such folder. Give the trainer.output_dir of your runs."
            .formatted(folder.resolve("x")),
        CommandLineRun.of("runs", folder.resolve("x")).sentence(ExitCode.INPUT_FILE));
  }
}
