package org.bayu.finetune;

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

/** What a command in several processes left behind: exit code and output of all. */
record LaunchedRun(int exitCode, String output) {
  private static final String LOG = "log";

  /** For more processes than cores, and for builds in containers. */
  private static final Map<String, String> VARIABLES =
      Map.of(
          "OMPI_ALLOW_RUN_AS_ROOT", "1",
          "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1",
          "OMPI_MCA_rmaps_base_oversubscribe", "1",
          "OMPI_MCA_mpi_yield_when_idle", "1",
          "OMPI_MCA_hwloc_base_binding_policy", "none");

  /**
   * The launchers of MPI that are installed.
   *
   * @throws org.opentest4j.TestAbortedException if there is none
   */
  static List<String> launchers() {
    var launchers =
        Stream.of("mpirun.openmpi", "mpirun.mpich")
            .filter(
                name ->
                    Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                        .anyMatch(path -> Files.isExecutable(Path.of(path, name))))
            .toList();
    assumeTrue(!launchers.isEmpty(), "neither mpirun.openmpi nor mpirun.mpich is installed");
    return launchers;
  }

  /** How often a text is in the output. */
  int times(String text) {
    return output.split(text, -1).length - 1;
  }

  /**
   * Runs a command.
   *
   * @param folder takes a log
   */
  static LaunchedRun of(String mpirun, int processes, Path folder, List<Object> arguments)
      throws IOException, InterruptedException {
    return end(start(mpirun, processes, folder, arguments), folder);
  }

  /**
   * Runs a command until it has printed a text, and sends SIGTERM to each of its processes then, as
   * {@code srun} does.
   */
  static LaunchedRun terminated(
      String mpirun, int processes, Path folder, List<Object> arguments, String text)
      throws IOException, InterruptedException {
    var process = start(mpirun, processes, folder, arguments);
    var log = folder.resolve(LOG);
    for (var i = 0; i < 12_000 && process.isAlive(); i++) { // at most four minutes
      if (Files.readString(log).contains(text)) {
        break;
      }
      Thread.sleep(20);
    }
    process
        .descendants()
        .filter(each -> each.info().command().orElse("").endsWith("/java"))
        .forEach(ProcessHandle::destroy);
    return end(process, folder);
  }

  private static Process start(String mpirun, int processes, Path folder, List<Object> arguments)
      throws IOException {
    var command = new ArrayList<>(List.of(mpirun, "-np", Integer.toString(processes)));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(
        List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
    // The kernels of this process, whose results are compared.
    for (var name : List.of("bayu.kernels", "bayu.instructions", "bayu.vectorBits")) {
      var value = System.getProperty(name);
      if (value != null) {
        command.add("-D" + name + "=" + value);
      }
    }
    command.addAll(List.of("-cp", TestFiles.classPath(), Main.class.getName()));
    arguments.forEach(argument -> command.add(argument.toString()));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(folder.resolve(LOG).toFile()).environment().putAll(VARIABLES);
    return builder.start();
  }

  private static LaunchedRun end(Process process, Path folder)
      throws IOException, InterruptedException {
    var log = folder.resolve(LOG);
    var ended = process.waitFor(4, TimeUnit.MINUTES);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    assertTrue(ended, Files.readString(log));
    return new LaunchedRun(process.exitValue(), Files.readString(log));
  }
}
