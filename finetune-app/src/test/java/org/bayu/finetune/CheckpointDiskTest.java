package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs whose disk is full or read-only: nothing that was whole is lost, and the same command ends
 * the run with the same bytes once there is room. Needs root.
 */
@EnabledOnOs(OS.LINUX)
class CheckpointDiskTest {
  private static final int DISK_BYTES = 8 << 20;

  @TempDir private Path folder;
  private KilledRuns runs;
  private Path disk;
  private boolean mounted;

  @BeforeEach
  void prepare() throws IOException, InterruptedException {
    runs = new KilledRuns(folder);
    disk = Files.createDirectory(folder.resolve("disk"));
    mounted = done("mount", "-t", "tmpfs", "-o", "size=" + DISK_BYTES, "none", disk.toString());
    assumeTrue(mounted, "only root can mount a small disk");
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (mounted) {
      assertTrue(done("umount", "-l", disk.toString()));
    }
  }

  private static boolean done(String... command) throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor() == 0;
  }

  /** Leaves so many bytes of the disk free. */
  private void fill(int free) throws IOException {
    Files.deleteIfExists(disk.resolve("ballast"));
    var room = Files.getFileStore(disk).getUsableSpace();
    Files.write(disk.resolve("ballast"), new byte[(int) room - free]);
  }

  private void makeRoom() throws IOException {
    Files.delete(disk.resolve("ballast"));
  }

  private static String last(CommandLineRun run) {
    assertEquals(List.of(), run.err().lines().filter(l -> Messages.foreign(l) != null).toList());
    return run.err().lines().toList().getLast();
  }

  private void assertSaved(Path saves) throws IOException {
    runs.trained(
        "--trainer.id=x", "--trainer.output_dir=" + folder.resolve("whole"), save("whole-saves"));
    assertEquals(
        KilledRuns.contents(folder.resolve("whole-saves/x/step-6")),
        KilledRuns.contents(saves.resolve("x/step-6")));
  }

  private String save(String name) {
    return "--hf_save_path=" + folder.resolve(name);
  }

  @Test
  void aFullRunFolderEndsInASentenceAndTheCommandWorksOnceThereIsRoom() throws IOException {
    var command =
        new Object[] {
          "--trainer.id=x", "--trainer.output_dir=" + disk.resolve("runs"), save("saves")
        };
    fill(0);
    var full = runs.train(command);
    assertEquals(ExitCode.FAILED, full.exitCode(), full.err());
    assertTrue(last(full).contains("cannot be written (No space left on device)"), full.err());
    makeRoom();
    runs.trained(command);
    assertSaved(folder.resolve("saves"));
  }

  @Test
  void aFullTokenCacheEndsInASentence() throws IOException {
    var command =
        new Object[] {"--trainer.id=x", "--data_cache_dir=" + disk.resolve("cache"), save("saves")};
    fill(0);
    var full = runs.train(command);
    assertEquals(ExitCode.FAILED, full.exitCode(), full.err());
    assertTrue(last(full).contains("cannot be written (No space left on device)"), full.err());
    assertFalse(Files.exists(runs.run("x")));
    makeRoom();
    runs.trained(command);
    assertSaved(folder.resolve("saves"));
  }

  /** Rooms for some of what a run writes: configuration, metrics, one checkpoint, no note. */
  @Test
  void whereverTheDiskIsFullTheRunCanBeEnded() throws IOException {
    for (var free : List.of(1 << 12, 1 << 13, 1 << 16, 3 << 16)) {
      var output = disk.resolve("runs-" + free);
      var command =
          new Object[] {"--trainer.id=x", "--trainer.output_dir=" + output, save("saves-" + free)};
      fill(free);
      var full = runs.train(command);
      assertTrue(
          full.exitCode() == ExitCode.DONE || full.exitCode() == ExitCode.FAILED, full.err());
      last(full);
      if (full.exitCode() == ExitCode.DONE) {
        assertTrue(full.err().contains("could not be written"), full.err());
      }
      makeRoom();
      var again = runs.trained(command);
      assertFalse(again.err().contains("passed over"), again.err());
      assertSavedOnce(folder.resolve("saves-" + free));
      assertEquals(List.of(), leftovers());
      assertTrue(Files.exists(output.resolve("x/run.json")), again.err());
    }
  }

  private void assertSavedOnce(Path saves) throws IOException {
    if (Files.notExists(folder.resolve("whole-saves"))) {
      assertSaved(saves);
    }
    assertEquals(
        KilledRuns.contents(folder.resolve("whole-saves/x/step-6")),
        KilledRuns.contents(saves.resolve("x/step-6")));
  }

  private List<Path> leftovers() throws IOException {
    try (var files = Files.walk(disk)) {
      return files.filter(file -> file.getFileName().toString().startsWith(".bayu")).toList();
    }
  }

  @Test
  void aFullDiskOfCheckpointsIsAWarningAndTheEarlierOnesStayWhole() throws IOException {
    var base = "--trainer.checkpointer.base_path=" + disk;
    // Two of these checkpoints fit.
    fill(160 << 10);
    var run = runs.trained("--trainer.id=x", base, save("saves"));
    assertTrue(
        run.err()
            .matches(
                "(?s).*the checkpoint after step \\d could not be written \\(No space left on"
                    + " device\\)\\. The newest checkpoint is \\S+\\. Training goes on, and it is"
                    + " tried again\\..*"),
        run.err());
    assertTrue(
        run.err().contains("the checkpoint of the final state could not be written"), run.err());
    assertEquals(List.of(), leftovers());
    assertSaved(folder.resolve("saves"));
    Files.delete(runs.run("x").resolve("run.json"));
    makeRoom();
    var again = runs.trained("--trainer.id=x", base, save("saves"));
    assertTrue(again.err().contains("Going on after step"), again.err());
    assertFalse(again.err().contains("passed over"), again.err());
    assertSavedOnce(folder.resolve("saves"));
  }

  @Test
  void aLastSaveThatCannotBeWrittenNamesTheCheckpointAndTheCommandThatSavesIt()
      throws IOException, InterruptedException {
    var command = new ArrayList<Object>(List.of("--trainer.id=x", "--hf_save_path=" + disk));
    runs.trained(command.toArray());
    runs.kill("x", 4);
    assertTrue(done("mount", "-o", "remount,ro", disk.toString()));
    var run = runs.train(command.toArray());
    assertTrue(done("mount", "-o", "remount,rw", disk.toString()));
    assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
    var sentence = last(run);
    var printed = sentence.replaceAll(".*kept: bayu (save .*) FOLDER saves it elsewhere\\.", "$1");
    assertFalse(printed.equals(sentence), sentence);
    var words = new ArrayList<Object>(Arrays.asList((Object[]) printed.split(" ")));
    words.add(folder.resolve("saves"));
    var save = CommandLineRun.of(words.toArray());
    assertEquals(ExitCode.DONE, save.exitCode(), save.err());
    assertSaved(folder.resolve("saves"));
    assertFalse(Files.exists(runs.run("x").resolve("run.json")));
    runs.trained(command.toArray());
    assertSavedOnce(disk);
  }

  @Test
  void aReadOnlyFolderOfCheckpointsIsAWarning() throws IOException, InterruptedException {
    Files.createDirectories(disk.resolve("x/.bayu-0123.tmp"));
    assertTrue(done("mount", "-o", "remount,ro", disk.toString()));
    var run =
        runs.trained("--trainer.id=x", "--trainer.checkpointer.base_path=" + disk, save("saves"));
    assertTrue(run.err().contains("There is no checkpoint yet. Training goes on"), run.err());
    assertSaved(folder.resolve("saves"));
  }

  @Test
  void aReadOnlyRunFolderIsASentence() throws IOException, InterruptedException {
    var command = new Object[] {"--trainer.id=x", "--trainer.output_dir=" + disk, save("saves")};
    runs.trained(command);
    Files.delete(disk.resolve("x/run.json"));
    var before = KilledRuns.state(disk);
    assertTrue(done("mount", "-o", "remount,ro", disk.toString()));
    var run = runs.train(command);
    assertEquals(ExitCode.FAILED, run.exitCode(), run.err());
    assertTrue(last(run).contains("the run folder cannot be written"), run.err());
    assertEquals(before, KilledRuns.state(disk));
  }
}
