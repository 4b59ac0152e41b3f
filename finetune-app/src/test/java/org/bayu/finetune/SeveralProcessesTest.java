package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.bayu.finetune.error.ExitCode;
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
  void aRunOfAllWeightsGoesOnByAnotherNumberOfProcesses() throws IOException, InterruptedException {
    var launchers = LaunchedRun.launchers();
    var runs = new KilledRuns(folder);
    Object[] flags = {
      "--trainer.num_train_steps=" + STEPS,
      "--trainer.train_batch_size=4",
      "--trainer.per_device_parallelism=1",
      "--optimizer.learning_rate=1e-3",
      "--trainer.mp=p=f32,c=f32"
    };
    var one = CommandLineRun.of(runs.allWeights(with(flags, "--trainer.id=one")).toArray());
    assertEquals(ExitCode.DONE, one.exitCode(), one.err());

    var three = with(flags, "--trainer.id=three");
    var first = LaunchedRun.of(launchers.getFirst(), 3, folder, runs.allWeights(three));
    assertEquals(ExitCode.DONE, first.exitCode(), first.output());
    runs.kill("three", 1);
    var second = LaunchedRun.of(launchers.getLast(), 2, folder, runs.allWeights(three));
    assertEquals(ExitCode.DONE, second.exitCode(), second.output());
    assertTrue(second.output().contains("Going on after step 1 from "), second.output());
    for (var step = 0; step < STEPS; step++) {
      var expected = loss(runs, "one", step);
      assertEquals(expected, loss(runs, "three", step), 1e-5 * expected);
    }
  }

  private static double loss(KilledRuns runs, String id, int step) throws IOException {
    var loss = runs.numbers(id).get(step).get("train/loss");
    return Double.parseDouble(Objects.requireNonNull(loss).toString());
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
