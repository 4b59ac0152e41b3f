package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train} under the launchers of Open MPI and MPICH. */
class SeveralProcessesTest {
  private static final int STEPS = 2;

  /** For more processes than cores, and for builds in containers. */
  private static final Map<String, String> VARIABLES =
      Map.of(
          "OMPI_ALLOW_RUN_AS_ROOT", "1",
          "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1",
          "OMPI_MCA_rmaps_base_oversubscribe", "1",
          "OMPI_MCA_mpi_yield_when_idle", "1",
          "OMPI_MCA_hwloc_base_binding_policy", "none");

  @TempDir private Path folder;

  @Test
  void aRunHasTheSameBitsForAnyNumberOfProcesses() throws IOException, InterruptedException {
    var launchers = launchers();
    assumeTrue(!launchers.isEmpty(), "neither mpirun.openmpi nor mpirun.mpich is installed");
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
    assertEquals(ExitCode.DONE, three.exitCode, three.output);
    assertEquals(runs.numbers("one"), runs.numbers("three"), three.output);
    assertEquals(1, three.times("Run three in "), three.output);
    assertEquals(2, three.times("rows.jsonl: 5 rows"), three.output);

    // Goes on by two, of the other launcher if it is there, from a checkpoint of three.
    runs.kill("three", 1);
    var two = launch(launchers.getLast(), 2, runs, with(flags, "--trainer.id=three"));
    assertEquals(ExitCode.DONE, two.exitCode, two.output);
    assertTrue(two.output.contains("Going on after step 1 from "), two.output);
    assertEquals(runs.numbers("one"), runs.numbers("three"), two.output);
    assertEquals(last(runs, "one"), last(runs, "three"), two.output);

    var failed = launch(launchers.getFirst(), 2, runs, "--data=" + folder.resolve("none.jsonl"));
    assertEquals(ExitCode.INPUT_FILE, failed.exitCode, failed.output);
    assertEquals(1, failed.times("bayu: "), failed.output);
  }

  private static List<String> launchers() {
    return Stream.of("mpirun.openmpi", "mpirun.mpich")
        .filter(
            name ->
                Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                    .anyMatch(path -> Files.isExecutable(Path.of(path, name))))
        .toList();
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

  private record Launched(int exitCode, String output) {
    int times(String text) {
      return output.split(text, -1).length - 1;
    }
  }

  private Launched launch(String mpirun, int processes, KilledRuns runs, Object... flags)
      throws IOException, InterruptedException {
    var command = new ArrayList<>(List.of(mpirun, "-np", Integer.toString(processes)));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(
        List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", TestFiles.classPath(), Main.class.getName()));
    runs.command(flags).forEach(argument -> command.add(argument.toString()));
    var log = folder.resolve("log");
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(log.toFile()).environment().putAll(VARIABLES);
    var process = builder.start();
    var ended = process.waitFor(4, TimeUnit.MINUTES);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    assertTrue(ended, Files.readString(log));
    return new Launched(process.exitValue(), Files.readString(log));
  }
}
