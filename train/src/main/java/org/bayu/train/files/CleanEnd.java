package org.bayu.train.files;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Runs a write so that nothing half-written stays if a signal ends the process. The signal
 * interrupts the writing thread. Its next write then fails, and it removes what it wrote. The
 * process waits for that.
 */
public final class CleanEnd {
  private static final long SECONDS = 30;

  private CleanEnd() {}

  /** Something that is written, and removed again where an exception is thrown on the way. */
  @FunctionalInterface
  public interface Writing {
    /** Writes it. */
    void run() throws IOException;
  }

  /** Writes; does not return if the process is ending. */
  public static void run(Writing writing) throws IOException {
    var writer = Thread.currentThread();
    var over = new CountDownLatch(1);
    var end = new Thread(() -> end(writer, over), "bayu-clean-end");
    try {
      Runtime.getRuntime().addShutdownHook(end);
      writing.run();
    } finally {
      over.countDown();
      if (!remove(end)) {
        // The exit code is the signal's, and nothing is printed of writes that it made fail: this
        // call waits for the process to end.
        System.exit(1);
      }
    }
  }

  private static void end(Thread writer, CountDownLatch over) {
    writer.interrupt();
    try {
      var _ = over.await(SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the process goes on. */
  private static boolean remove(Thread end) {
    try {
      return Runtime.getRuntime().removeShutdownHook(end);
    } catch (IllegalStateException e) {
      return false; // it is ending
    }
  }
}
