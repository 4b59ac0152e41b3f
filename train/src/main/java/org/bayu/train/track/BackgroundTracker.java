package org.bayu.train.track;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Calls a tracker on a thread of its own, so that none of its writes delays a step. What it is
 * called with waits in a queue. If the queue is full, a step's metrics are dropped, and counted.
 *
 * <p>The first failure of the tracker is thrown by the next call; the tracker is still called.
 */
public final class BackgroundTracker implements Tracker {
  private static final int QUEUE = 1024;

  /** How long a checkpoint waits for the metrics before it. */
  private static final Duration SYNC = Duration.ofSeconds(5);

  /** How long the end of a run waits for its tracker. */
  private static final Duration CLOSE = Duration.ofMinutes(2);

  private final Tracker tracker;
  private final BlockingQueue<Call> queue;
  private final Thread thread;
  private final AtomicInteger missing = new AtomicInteger();
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();

  /** A call of the tracker; false ends the thread. */
  @FunctionalInterface
  private interface Call {
    boolean run() throws IOException;
  }

  /** A call that is not the last. */
  @FunctionalInterface
  private interface Writing {
    void run() throws IOException;
  }

  /** Starts the thread. Owns the tracker. */
  public BackgroundTracker(Tracker tracker) {
    this(tracker, QUEUE);
  }

  /**
   * The same.
   *
   * @param queue how many calls can wait
   */
  BackgroundTracker(Tracker tracker, int queue) {
    this.tracker = tracker;
    this.queue = new ArrayBlockingQueue<>(queue);
    thread = Thread.ofPlatform().daemon().name("bayu-tracker").start(this::work);
  }

  private void work() {
    for (var goesOn = true; goesOn; ) {
      try {
        goesOn = queue.take().run();
      } catch (IOException | RuntimeException e) {
        failure.compareAndSet(null, e);
      } catch (InterruptedException e) {
        return; // nobody does that but the end of the process
      }
    }
  }

  @Override
  public String name() {
    return tracker.name();
  }

  @Override
  public void log(int step, Map<String, Number> metrics) throws IOException {
    Call call =
        () -> {
          try {
            tracker.log(step, metrics);
          } catch (IOException | RuntimeException e) {
            missing.incrementAndGet();
            throw e;
          }
          return true;
        };
    if (!queue.offer(call)) {
      missing.incrementAndGet();
    }
    throwFailure();
  }

  @Override
  public void config(JsonNode config) throws IOException {
    put(() -> tracker.config(config));
  }

  @Override
  public void environment(Map<String, String> environment) throws IOException {
    put(() -> tracker.environment(environment));
  }

  @Override
  public void summary(Map<String, Number> values) throws IOException {
    put(() -> tracker.summary(values));
  }

  @Override
  public void table(String name, Table table) throws IOException {
    put(() -> tracker.table(name, table));
  }

  @Override
  public void table(int step, String name, Table table) throws IOException {
    put(() -> tracker.table(step, name, table));
  }

  @Override
  public void image(String name, PngImage image) throws IOException {
    put(() -> tracker.image(name, image));
  }

  @Override
  public void ended() throws IOException {
    put(tracker::ended);
  }

  /** Waits until what was written before is synced, but not for long. */
  @Override
  public void sync() throws IOException {
    var done = new CountDownLatch(1);
    put(
        () -> {
          try {
            tracker.sync();
          } finally {
            done.countDown();
          }
        });
    if (!await(done)) {
      throw new IOException("it is busy");
    }
    throwFailure();
  }

  private static boolean await(CountDownLatch done) throws IOException {
    try {
      return done.await(SYNC.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private void put(Writing writing) throws IOException {
    put(
        (Call)
            () -> {
              writing.run();
              return true;
            });
    throwFailure();
  }

  private void put(Call call) throws IOException {
    try {
      if (!queue.offer(call, SYNC.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("it is busy");
      }
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private static IOException interrupted() {
    Thread.currentThread().interrupt();
    return new IOException("interrupted");
  }

  private void throwFailure() throws IOException {
    switch (failure.getAndSet(null)) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Exception e -> throw new IllegalStateException(e);
    }
  }

  /** How many steps the tracker misses so far. */
  public int missing() {
    return missing.get();
  }

  /**
   * Waits until all is written and the tracker is closed.
   *
   * @throws IOException if that failed or takes more than two minutes, or steps are missing
   */
  @Override
  public void close() throws IOException {
    put(
        (Call)
            () -> {
              try {
                tracker.close();
              } catch (IOException | RuntimeException e) {
                failure.compareAndSet(null, e);
              }
              return false;
            });
    try {
      if (!thread.join(CLOSE)) {
        throw new IOException("it is busy");
      }
    } catch (InterruptedException e) {
      throw interrupted();
    }
    throwFailure();
    if (missing.get() > 0) {
      throw new IOException(missing + " steps are missing");
    }
  }
}
