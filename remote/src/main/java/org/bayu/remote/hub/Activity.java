package org.bayu.remote.hub;

import java.time.Duration;

/** When a request last showed life, and for how long it may be silent. */
final class Activity {
  private final long limit;
  private volatile long last;
  private volatile boolean signs;

  Activity(Duration silence) {
    limit = silence.toNanos();
    last = System.nanoTime();
  }

  /** The request is sent, perhaps once more. */
  void begin() {
    signs = false;
    last = System.nanoTime();
  }

  /** Whether it showed life since. */
  boolean hasSigns() {
    return signs;
  }

  /** It lives. */
  void sign() {
    signs = true;
    last = System.nanoTime();
  }

  /** Nanoseconds of silence that are left. */
  long nanosLeft() {
    return limit - (System.nanoTime() - last);
  }
}
