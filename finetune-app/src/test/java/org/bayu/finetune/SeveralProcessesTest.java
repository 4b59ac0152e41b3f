package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bayu.finetune.error.ExitCode;
import org.bayu.tensor.io.SafetensorsFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train} under the launchers of Open MPI and MPICH. */
class SeveralProcessesTest {
  private static final int STEPS = 2;

  @TempDir private Path folder;

  @Test
  void aRunHasTheSameBitsForAnyNumberOfProcesses() throws IOException, InterruptedException {
    var launchers = LaunchedRun.launchers();
    var runs = new KilledRuns(folder);
    Object[] flags = {
      "--trainer.num_train_steps=" + STEPS,
      "--trainer.train_batch_size=4",
      "--trainer.per_device_parallelism=1",
      "--eval_data=" + runs.rows(),
      "--trainer.steps_per_eval=2"
    };
    runs.trained(with(flags, "--trainer.id=one"));

    var three = launch(launchers.getFirst(), 3, runs, with(flags, "--trainer.id=three"));
    assertEquals(ExitCode.DONE, three.exitCode(), three.output());
    assertEquals(runs.numbers("one"), runs.numbers("three"), three.output());
    assertEquals(1, three.times("Run three in "), three.output());
    assertEquals(2, three.times("rows.jsonl: 5 rows"), three.output());

    // Goes on by two, of the other launcher if it is there, from a checkpoint of three.
    runs.kill("three", 1);
    var two = launch(launchers.getLast(), 2, runs, with(flags, "--trainer.id=three"));
    assertEquals(ExitCode.DONE, two.exitCode(), two.output());
    assertTrue(two.output().contains("Going on after step 1 from "), two.output());
    assertEquals(runs.numbers("one"), runs.numbers("three"), two.output());
    assertEquals(last(runs, "one"), last(runs, "three"), two.output());

    var failed = launch(launchers.getFirst(), 2, runs, "--data=" + folder.resolve("none.jsonl"));
    assertEquals(ExitCode.INPUT_FILE, failed.exitCode(), failed.output());
    assertEquals(1, failed.times("bayu: "), failed.output());
  }

  @Test
  void aRunOfAllWeightsHasTheSameBitsForAnyNumberOfProcesses()
      throws IOException, InterruptedException {
    var launchers = LaunchedRun.launchers();
    var runs = new KilledRuns(folder);
    Object[] flags = {
      "--trainer.num_train_steps=" + STEPS,
      "--trainer.train_batch_size=4",
      "--trainer.per_device_parallelism=1",
      "--optimizer.learning_rate=1e-3",
      "--trainer.mp=p=f32,c=bfloat16"
    };
    var one = CommandLineRun.of(runs.allWeights(with(flags, "--trainer.id=one")).toArray());
    assertEquals(ExitCode.DONE, one.exitCode(), one.err());

    var three = with(flags, "--trainer.id=three");
    var first = LaunchedRun.of(launchers.getFirst(), 3, folder, runs.allWeights(three));
    assertEquals(ExitCode.DONE, first.exitCode(), first.output());
    assertEquals(runs.numbers("one"), runs.numbers("three"), first.output());
    runs.kill("three", 1);
    var second = LaunchedRun.of(launchers.getLast(), 2, folder, runs.allWeights(three));
    assertEquals(ExitCode.DONE, second.exitCode(), second.output());
    assertTrue(second.output().contains("Going on after step 1 from "), second.output());
    assertEquals(runs.numbers("one"), runs.numbers("three"), second.output());
    assertEquals(last(runs, "one"), last(runs, "three"), second.output());

    // Summed process by process, they differ by the rounding of F32, and so by that of bf16.
    var sums = with(with(flags, "--trainer.gradient_sums=processes"), "--trainer.id=four");
    var third = LaunchedRun.of(launchers.getFirst(), 4, folder, runs.allWeights(sums));
    assertEquals(ExitCode.DONE, third.exitCode(), third.output());
    for (var step = 0; step < STEPS; step++) {
      var expected = loss(runs, "one", step);
      assertEquals(expected, loss(runs, "four", step), 1e-2 * expected);
    }
  }

  /** The last checkpoint has the parts of all, which give up the step that they are in. */
  @Test
  void processesThatAreToldToEndWriteTheirStateAndGoOnFromIt()
      throws IOException, InterruptedException {
    var runs = new KilledRuns(folder);
    Object[] flags = {
      "--trainer.num_train_steps=15",
      "--trainer.train_batch_size=4",
      "--trainer.per_device_parallelism=1",
      "--trainer.mp=p=f32,c=bfloat16"
    };
    var one = CommandLineRun.of(runs.allWeights(with(flags, "--trainer.id=one")).toArray());
    assertEquals(ExitCode.DONE, one.exitCode(), one.err());

    var mpirun = LaunchedRun.launchers().getFirst();
    var two = runs.allWeights(with(flags, "--trainer.id=two"));
    var ended = LaunchedRun.terminated(mpirun, 2, folder, two, "train 1/15");
    assertEquals(ExitCode.TERMINATED, ended.exitCode(), ended.output());
    assertEquals(1, ended.times("To go on: bayu train"), ended.output());
    assertEquals(1, ended.times("of 15 steps. The newest checkpoint is "), ended.output());
    var more = LaunchedRun.of(mpirun, 2, folder, two);
    assertEquals(ExitCode.DONE, more.exitCode(), more.output());
    assertTrue(more.output().contains("Going on after step "), more.output());
    assertEquals(runs.numbers("one"), runs.numbers("two"), more.output());
  }

  @Test
  void processesThatHoldAModelTogetherTrainAndSaveIt() throws IOException, InterruptedException {
    var launchers = LaunchedRun.launchers();
    var runs = new KilledRuns(folder);
    Object[] flags = {
      "--trainer.num_train_steps=" + STEPS,
      "--trainer.train_batch_size=4",
      "--trainer.per_device_parallelism=1",
      "--trainer.tensor_parallel_axes=[mlp, heads]",
      "--eval_data=" + runs.rows(),
      "--trainer.steps_per_eval=1",
      "--trainer.eval_predictions=2",
      "--hf_save_path=" + runs.saves(),
      "--merged_hf_save_path=" + folder.resolve("merged")
    };
    runs.trained(with(flags, "--trainer.id=one"));

    var parts = with(with(flags, "--trainer.model_axis_size=2"), "--trainer.id=parts");
    var four = launch(launchers.getFirst(), 4, runs, parts);
    assertEquals(ExitCode.DONE, four.exitCode(), four.output());
    assertNearOne(runs, "parts");
    assertSavesAreThoseOfTheCheckpoint(runs, "parts");

    // Goes on as one process, from a checkpoint of two groups.
    runs.kill("parts", 1);
    runs.trained(with(flags, "--trainer.id=parts"));
    assertNearOne(runs, "parts");

    // And the other way round.
    runs.kill("parts", 1);
    var two = launch(launchers.getLast(), 2, runs, parts);
    assertEquals(ExitCode.DONE, two.exitCode(), two.output());
    assertTrue(two.output().contains("Going on after step 1 from "), two.output());
    assertNearOne(runs, "parts");

    var three = launch(launchers.getFirst(), 3, runs, parts);
    assertEquals(ExitCode.USAGE, three.exitCode(), three.output());
    assertEquals(
        1, three.times("2 processes hold a model together, and here are 3. Start 2 or a multiple"));
  }

  /** The last update makes a number of process 1's part infinite, and none of process 0's. */
  @Test
  void aRunWhoseLastUpdateDestroysThePartOfAnotherProcessFails()
      throws IOException, InterruptedException {
    var runs = new KilledRuns(folder);
    Object[] flags = {"--trainer.num_train_steps=1", "--lora.target_modules=[down_proj]"};
    Object[] tiny = {"--optimizer.learning_rate=1e-35", "--hf_save_path=" + runs.saves()};
    runs.trained(with(with(flags, tiny), "--trainer.id=tiny"));
    var adapter = runs.saves().resolve("tiny/step-1");
    setLastColumn(adapter.resolve("adapter_model.safetensors"), 1e30f);

    Object[] huge = {
      "--lora.initialize_from=" + adapter,
      "--optimizer.learning_rate=1e9",
      "--optimizer.weight_decay=1",
      "--optimizer.warmup=0",
      "--trainer.model_axis_size=2",
      "--trainer.tensor_parallel_axes=[mlp, heads]",
      "--trainer.id=huge"
    };
    var two = launch(LaunchedRun.launchers().getFirst(), 2, runs, with(flags, huge));
    assertEquals(ExitCode.FAILED, two.exitCode(), two.output());
    assertEquals(1, two.times("down_proj.lora_A.weight holds "), two.output());
  }

  /** Sets the last column of the first row of an A in an adapter's file. */
  private static void setLastColumn(Path adapter, float value) throws IOException {
    long at;
    try (var file = SafetensorsFile.open(adapter)) {
      var a =
          file.entries().stream()
              .filter(each -> each.name().endsWith("lora_A.weight"))
              .findFirst()
              .orElseThrow();
      var data = file.entries().stream().mapToLong(SafetensorsFile.Entry::end).max().orElseThrow();
      at = Files.size(adapter) - data + a.begin() + Float.BYTES * (a.shape().dim(1) - 1);
    }
    try (var file = FileChannel.open(adapter, StandardOpenOption.WRITE)) {
      var bytes = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      file.write(bytes.putFloat(0, value), at);
    }
  }

  private static Object[] with(Object[] flags, Object[] more) {
    return Stream.concat(Stream.of(flags), Stream.of(more)).toArray();
  }

  /** Sums are added in another order, which differs by the rounding of F32. */
  private static void assertNearOne(KilledRuns runs, String id) throws IOException {
    var expected = runs.numbers("one");
    for (var step = 0; step < STEPS; step++) {
      for (var name : List.of("train/loss", "eval/loss", "grad/norm/total", "eval/exact_match")) {
        var number = number(runs, "one", step, name);
        assertEquals(number, number(runs, id, step, name), 1e-5 * number, name + " of " + step);
      }
      var tokens = "throughput/total_tokens";
      assertEquals(expected.get(step).get(tokens), runs.numbers(id).get(step).get(tokens));
    }
  }

  /** What the processes saved is what one process saves from their last checkpoint. */
  private void assertSavesAreThoseOfTheCheckpoint(KilledRuns runs, String id) throws IOException {
    var again = folder.resolve("again");
    var merged = folder.resolve("merged-again");
    var save =
        CommandLineRun.of(
            "save",
            "--checkpoint=" + runs.checkpoint(id, STEPS),
            "--hf_save_path=" + again,
            "--merged_hf_save_path=" + merged);
    assertEquals(ExitCode.DONE, save.exitCode(), save.err());
    var name = id + "/step-" + STEPS;
    assertEquals(
        KilledRuns.contents(again.resolve(name)), KilledRuns.contents(runs.saves().resolve(name)));
    assertEquals(
        KilledRuns.contents(merged.resolve(name)),
        KilledRuns.contents(folder.resolve("merged").resolve(name)));
  }

  /** The processes compute with bf16 copies, and have a part of what is saved each. */
  @Test
  void aSaveOfSeveralProcessesIsThatOfTheirCheckpoint() throws IOException, InterruptedException {
    var launcher = LaunchedRun.launchers().getFirst();
    var runs = new KilledRuns(folder);
    Object[] flags = {
      "--trainer.train_batch_size=4",
      "--trainer.per_device_parallelism=1",
      "--trainer.mp=p=f32,c=bfloat16",
      "--hf_save_path=" + runs.saves(),
      "--hf_save_steps=4",
      "--trainer.id=run"
    };
    var three = LaunchedRun.of(launcher, 3, folder, runs.allWeights(flags));
    assertEquals(ExitCode.DONE, three.exitCode(), three.output());
    for (var steps : new int[] {4, KilledRuns.STEPS}) {
      var again = folder.resolve("again" + steps);
      var save =
          CommandLineRun.of(
              "save", "--checkpoint", runs.checkpoint("run", steps), "--hf_save_path", again);
      assertEquals(ExitCode.DONE, save.exitCode(), save.err());
      var file = "run/step-" + steps + "/model.safetensors";
      assertEquals(-1, Files.mismatch(again.resolve(file), runs.saves().resolve(file)), file);
    }
  }

  @Test
  void bfloat16WeightsAreTrainedBySeveralProcesses() throws IOException, InterruptedException {
    var runs = new KilledRuns(folder);
    Object[] flags = {
      "--trainer.train_batch_size=4",
      "--trainer.per_device_parallelism=1",
      "--optimizer.learning_rate=1e-3",
      "--optimizer.weights=bf16",
      "--trainer.mp=p=f32,c=bfloat16"
    };
    var one = CommandLineRun.of(runs.allWeights(with(flags, "--trainer.id=one")).toArray());
    assertEquals(ExitCode.DONE, one.exitCode(), one.err());
    var three = runs.allWeights(with(flags, "--trainer.id=three"));
    var run = LaunchedRun.of(LaunchedRun.launchers().getFirst(), 3, folder, three);
    assertEquals(ExitCode.DONE, run.exitCode(), run.output());
    for (var step = 0; step < KilledRuns.STEPS; step++) {
      // Other random bits of the rounding.
      var expected = loss(runs, "one", step);
      assertEquals(expected, loss(runs, "three", step), 2e-2 * expected);
    }
  }

  private static double loss(KilledRuns runs, String id, int step) throws IOException {
    return number(runs, id, step, "train/loss");
  }

  private static double number(KilledRuns runs, String id, int step, String name)
      throws IOException {
    var number = runs.numbers(id).get(step).get(name);
    return Double.parseDouble(Objects.requireNonNull(number).toString());
  }

  /** The bytes of the state after the last step, which the run's name is no part of. */
  private static String last(KilledRuns runs, String id) throws IOException {
    var files = KilledRuns.contents(runs.checkpoint(id, STEPS));
    files.keySet().removeIf(name -> !name.endsWith(".safetensors"));
    return files.toString();
  }

  private static Object[] with(Object[] flags, Object more) {
    return Stream.concat(Stream.of(flags), Stream.of(more)).toArray();
  }

  private LaunchedRun launch(String mpirun, int processes, KilledRuns runs, Object... flags)
      throws IOException, InterruptedException {
    return LaunchedRun.of(mpirun, processes, folder, runs.command(flags));
  }
}
