package org.bayu.train.track;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class BackgroundTrackerTest {
  /** Waits with each step until it may go on, and fails at step 1 if it is told to. */
  private static final class Slow implements Tracker {
    private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch mayGo = new CountDownLatch(1);
    private final boolean fails;

    Slow(boolean fails) {
      this.fails = fails;
    }

    @Override
    public String name() {
      return "slow";
    }

    @Override
    public void log(int step, Map<String, Number> metrics) throws IOException {
      try {
        mayGo.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      if (fails && step == 1) {
        throw new IOException("no route");
      }
      calls.add("log " + step);
    }

    @Override
    public void summary(Map<String, Number> values) {
      calls.add("summary");
    }

    @Override
    public void ended() {
      calls.add("ended");
    }

    @Override
    public void sync() {
      calls.add("sync");
    }

    @Override
    public void close() {
      calls.add("close");
    }
  }

  @Test
  void callsComeInTheirOrder() throws IOException {
    var slow = new Slow(false);
    try (var tracker = new BackgroundTracker(slow)) {
      tracker.log(0, Map.of());
      tracker.summary(Map.of());
      slow.mayGo.countDown();
      tracker.sync();
      assertEquals(List.of("log 0", "summary", "sync"), slow.calls);
      tracker.ended();
    }
    assertEquals(List.of("log 0", "summary", "sync", "ended", "close"), slow.calls);
  }

  @Test
  void fullQueueDropsStepsAndCountsThem() throws IOException {
    var slow = new Slow(false);
    var tracker = new BackgroundTracker(slow, 4);
    for (var step = 0; step < 20; step++) {
      tracker.log(step, Map.of()); // returns though nothing is written
    }
    assertTrue(tracker.missing() >= 15, tracker::toString);
    slow.mayGo.countDown();
    var missing = assertThrows(IOException.class, tracker::close);
    assertEquals(tracker.missing() + " steps are missing", missing.getMessage());
    assertEquals(20 - tracker.missing() + 1, slow.calls.size());
  }

  @Test
  void failureComesWithALaterCallAndTheOtherStepsAreWritten() throws IOException {
    var slow = new Slow(true);
    slow.mayGo.countDown();
    var tracker = new BackgroundTracker(slow);
    tracker.log(0, Map.of());
    tracker.log(1, Map.of());
    assertEquals("no route", assertThrows(IOException.class, tracker::sync).getMessage());
    tracker.log(2, Map.of());
    assertEquals(
        "1 steps are missing", assertThrows(IOException.class, tracker::close).getMessage());
    assertEquals(List.of("log 0", "sync", "log 2", "close"), slow.calls);
  }
}
