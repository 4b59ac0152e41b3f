package org.bayu.finetune.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** Another process that has a run's folder open until it is killed. */
final class RunHolder {
  private RunHolder() {}

  /** Holds the folder that the argument names. */
  public static void main(String[] arguments) throws IOException {
    var run = RunFolder.open(Path.of(arguments[0]));
    System.out.println("holding " + run.path());
    while (true) {
      LockSupport.park();
    }
  }

  /** Starts one; returns when it holds the folder. */
  static Process start(Path run) throws IOException {
    var classPath =
        String.join(
            File.pathSeparator,
            Path.of("target", "test-classes").toAbsolutePath().toString(),
            System.getProperty("jdk.module.path", ""),
            System.getProperty("java.class.path"));
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                RunHolder.class.getName(),
                run.toString())
            .redirectErrorStream(true)
            .start();
    var line = process.inputReader(UTF_8).readLine();
    if (!("holding " + run).equals(line)) {
      process.destroyForcibly();
      throw new IOException("the other process said: " + line);
    }
    return process;
  }
}
