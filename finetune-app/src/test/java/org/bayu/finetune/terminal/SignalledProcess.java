package org.bayu.finetune.terminal;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A process that handles signals, for tests to send it some. */
public final class SignalledProcess {
  private SignalledProcess() {}

  /**
   * A process that handles signals: its action says so and then returns ({@code return}), hangs
   * ({@code hang}) or takes a while ({@code slow}). With {@code leave} the main thread meanwhile
   * ends the handling and wants to exit with 7; with {@code over} it has done so before. With
   * {@code others} it leaves signals to others, and exits with 7 when it reads a byte.
   */
  public static void main(String[] arguments) throws InterruptedException, IOException {
    var mode = arguments[0];
    if (mode.equals("others")) {
      leaveToOthers();
    }
    var begun = new CountDownLatch(1);
    var signals =
        Signals.handle(
            exitCode -> {
              System.out.println("ending " + exitCode);
              begun.countDown();
              switch (mode) {
                case "hang" -> park();
                case "slow", "leave" -> LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
                default -> {}
              }
              System.out.println("done");
            });
    if (mode.equals("over")) {
      signals.close();
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
    System.out.println("ready");
    if (mode.equals("leave")) {
      begun.await();
      signals.close();
      System.exit(7);
    }
    park();
  }

  private static void leaveToOthers() throws IOException {
    try (var _ = Signals.leaveToOthers()) {
      System.out.println("ready");
      var _ = System.in.read();
    }
    System.exit(7);
  }

  private static void park() {
    while (true) {
      LockSupport.park();
    }
  }

  /** The command line of such a process. */
  public static List<String> command(String mode, String... options) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(List.of(options));
    command.add("-cp");
    command.add(
        String.join(
            File.pathSeparator,
            Path.of("target", "test-classes").toAbsolutePath().toString(),
            System.getProperty("jdk.module.path", ""),
            System.getProperty("java.class.path")));
    command.add(SignalledProcess.class.getName());
    command.add(mode);
    return command;
  }

  /** Whether this process ignores a signal: its children then do too. */
  public static boolean isIgnored(int signal) throws IOException {
    var status = Path.of("/proc/self/status");
    return Files.exists(status)
        && Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .map(line -> Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16))
            .anyMatch(ignored -> (ignored >> (signal - 1) & 1) != 0);
  }
}
