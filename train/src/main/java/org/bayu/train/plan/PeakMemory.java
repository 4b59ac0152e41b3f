package org.bayu.train.plan;

import java.time.Duration;
import java.util.OptionalLong;

/** The peak of this process's anonymous memory, sampled five times a second by a thread. */
public final class PeakMemory implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofMillis(200);

  private final Thread thread = new Thread(this::watch, "bayu-peak-memory");
  private long peak;

  /** Looks from now on. */
  public PeakMemory() {
    thread.setDaemon(true);
    thread.start();
  }

  private void watch() {
    try {
      while (look()) {
        Thread.sleep(INTERVAL);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the end
    }
  }

  /** Whether the operating system tells. */
  private boolean look() {
    var now = ProcessMemory.anonymousBytes();
    synchronized (this) {
      peak = Math.max(peak, now.orElse(0));
    }
    return now.isPresent();
  }

  /** The most so far; absent where the operating system does not tell. */
  public OptionalLong bytes() {
    look();
    synchronized (this) {
      return peak == 0 ? OptionalLong.empty() : OptionalLong.of(peak);
    }
  }

  /** Stops looking, and waits for the thread's end. */
  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
