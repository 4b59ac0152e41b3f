package org.bayu.collectives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Ranks of {@link RankMain} under a launcher. */
final class Launch {
  /** Very long: a machine that does much else must not fail these tests. */
  private static final long SECONDS = 240;

  private static final String OUTPUT = "output";

  private final Process process;
  private final Path folder;

  private Launch(Process process, Path folder) {
    this.process = process;
    this.folder = folder;
  }

  /**
   * Starts ranks, or skips the test where this launcher cannot.
   *
   * @param parent of a folder for this launch
   * @param what they are to do
   */
  static Launch of(
      Implementation implementation, int ranks, Path parent, Map<String, String> set, String what)
      throws IOException, InterruptedException {
    implementation.assumeThatItStarts();
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var command = new ArrayList<>(List.of(implementation.mpirun, "-np", Integer.toString(ranks)));
    command.addAll(
        List.of(
            java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m", "-XX:-UsePerfData"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath()));
    command.add(RankMain.class.getName());
    var folder = Files.createTempDirectory(parent, what);
    command.addAll(List.of(what, folder.toString()));
    return start(command, folder, set);
  }

  private static Launch start(List<String> command, Path folder, Map<String, String> set)
      throws IOException {
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(folder.resolve(OUTPUT).toFile());
    builder.environment().putAll(Implementation.VARIABLES);
    builder.environment().putAll(set);
    return new Launch(builder.start(), folder);
  }

  /** The classes of main and of the tests, wherever the build has put them. */
  private static String classPath() {
    return root(Communicator.class) + System.getProperty("path.separator") + root(RankMain.class);
  }

  private static Path root(Class<?> type) {
    var name = type.getName().replace('.', '/') + ".class";
    var url = Objects.requireNonNull(type.getResource('/' + name)).toString();
    return Path.of(URI.create(url.substring(0, url.length() - name.length())));
  }

  /** The launcher. */
  ProcessHandle launcher() {
    return process.toHandle();
  }

  /** Waits for the launcher; its exit code. */
  int exitCode() throws IOException, InterruptedException {
    if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new AssertionError("the ranks do not end; so far they say: " + output());
    }
    return process.exitValue();
  }

  /** What ranks and launcher have printed. */
  String output() throws IOException {
    return Files.readString(folder.resolve(OUTPUT));
  }

  /** The process of a rank that notes its id in the folder. */
  ProcessHandle rank(int rank) throws IOException, InterruptedException {
    var file = folder.resolve("rank-" + rank);
    var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!Files.exists(file)) {
      assertTrue(process.isAlive() && System.nanoTime() < end, output());
      Thread.sleep(20);
    }
    return ProcessHandle.of(Long.parseLong(Files.readString(file))).orElseThrow();
  }

  /** Ends a process by SIGKILL. {@code destroyForcibly} has been seen not to send it. */
  static void kill(ProcessHandle process) throws IOException, InterruptedException {
    var kill = new ProcessBuilder("kill", "-KILL", Long.toString(process.pid()));
    assertEquals(0, kill.inheritIO().start().waitFor(), process + " lives: " + process.isAlive());
  }

  /** What the tests run on. */
  enum Implementation {
    OPEN_MPI("mpirun.openmpi", "Open MPI"),
    MPICH("mpirun.mpich", "MPICH");

    /** For more ranks than cores, and for builds in containers. */
    private static final Map<String, String> VARIABLES =
        Map.of(
            "OMPI_ALLOW_RUN_AS_ROOT", "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1",
            "OMPI_MCA_rmaps_base_oversubscribe", "1",
            "OMPI_MCA_mpi_yield_when_idle", "1",
            "OMPI_MCA_hwloc_base_binding_policy", "none");

    final String mpirun;
    final String title;

    Implementation(String mpirun, String title) {
      this.mpirun = mpirun;
      this.title = title;
    }

    void assumeThatItStarts() throws InterruptedException {
      try {
        var builder = new ProcessBuilder(mpirun, "-np", "2", "true");
        builder.environment().putAll(VARIABLES);
        var tried =
            builder
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        var ended = tried.waitFor(SECONDS, TimeUnit.SECONDS);
        tried.destroyForcibly();
        assumeTrue(ended && tried.exitValue() == 0, mpirun + " does not start processes");
      } catch (IOException e) {
        assumeTrue(false, mpirun + " is not installed");
      }
    }
  }
}
