package org.bayu.finetune.launcher;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.bayu.finetune.Main;

/**
 * Runs the application in this Java if it can, else in a new process of one that can, with which it
 * shares its streams and its end: the exit code is the application's, and an interrupt or a
 * termination reaches it.
 */
public final class Launcher {
  private Launcher() {}

  /** Runs the application with these arguments. */
  public static void main(String[] args) throws IOException, InterruptedException {
    if (canRunHere()) {
      Main.main(args); // not loaded before: an older Java cannot read it
      return;
    }
    Path running = Paths.get(System.getProperty("java.home"));
    Path user = Paths.get(System.getProperty("user.home"));
    Optional<Path> home = new JavaHomes(System.getenv(), running, user).findSuitable();
    if (!home.isPresent()) {
      System.err.println(
          "bayu: needs Java 25 or newer and found none: install Temurin 25 (https://adoptium.net),"
              + " or set JAVA_HOME to where one lies.");
      System.exit(1);
    }
    List<String> options =
        new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments());
    List<String> arguments = Arrays.asList(args);
    List<String> typed = TypedArguments.of(args);
    if (!TypedArguments.areUtf8() && !TypedArguments.areAscii(typed)) {
      options.add(TypedArguments.option(typed));
      arguments = Collections.emptyList();
    }
    List<String> command =
        JavaCommand.of(
            home.get(), options, System.getenv(), System.getProperty("java.class.path"), arguments);
    System.exit(run(command));
  }

  private static boolean canRunHere() {
    return JavaHomes.feature(System.getProperty("java.specification.version"))
            >= JavaHomes.OLDEST_FEATURE
        && ClassLoader.getSystemResource("jdk/incubator/vector/Vector.class") != null
        && TypedArguments.areUtf8();
  }

  private static int run(List<String> command) throws IOException, InterruptedException {
    Application application = new Application();
    Runtime.getRuntime().addShutdownHook(new Thread(application::end));
    ForwardedSignals.to(application::askToEnd);
    return application.run(command);
  }

  /** The process of the application, which may be asked to end before it has begun. */
  private static final class Application {
    private boolean ending;
    private int exitCode = 1; // for nobody to see, unless a signal has set it
    private boolean isSignalled;
    private Process process;

    int run(List<String> command) throws IOException, InterruptedException {
      Process started;
      synchronized (this) {
        if (ending) {
          return exitCode;
        }
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        if (!TypedArguments.areUtf8()) {
          builder.environment().put("LC_ALL", "C.UTF-8"); // for the names of files
        }
        process = builder.start();
        started = process;
      }
      int code = started.waitFor();
      synchronized (this) {
        return isSignalled ? exitCode : code;
      }
    }

    /** Passes a signal on. The first one says with which code this process ends. */
    synchronized void askToEnd(int code) {
      ending = true;
      if (!isSignalled) {
        isSignalled = true;
        exitCode = code;
      }
      if (process != null) {
        process.destroy(); // SIGTERM; nothing happens if it has ended
      }
    }

    /** At the end of this process, where it did not end by itself. */
    void end() {
      Process started;
      synchronized (this) {
        ending = true;
        started = process;
      }
      if (started != null && started.isAlive()) {
        started.destroy();
        try {
          started.waitFor();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
