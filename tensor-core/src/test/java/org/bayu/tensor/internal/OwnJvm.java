package org.bayu.tensor.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs a test's program in a JVM of its own, without the libraries of the tests. */
public final class OwnJvm {
  private OwnJvm() {}

  /** What a JVM printed, and how it ended. */
  public record Ended(int exitCode, String output) {}

  /** Runs {@code main} to its end. */
  public static Ended run(List<String> options, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(options);
    command.add("-cp");
    var separator = System.getProperty("path.separator");
    command.add(String.join(separator, "target/classes", "target/test-classes"));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var output = String.join("\n", process.inputReader().lines().toList());
    return new Ended(process.waitFor(), output);
  }
}
