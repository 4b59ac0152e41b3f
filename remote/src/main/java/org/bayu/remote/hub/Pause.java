package org.bayu.remote.hub;

import java.time.Duration;

/** Waits between two tries; tests pass one that does not. */
@FunctionalInterface
public interface Pause {
  /** Returns after this time. */
  void of(Duration time) throws InterruptedException;
}
