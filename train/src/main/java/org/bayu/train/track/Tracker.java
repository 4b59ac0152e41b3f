package org.bayu.train.track;

import java.io.IOException;
import java.util.Map;

/**
 * Takes a run's numbers somewhere: to a file, to a service. Called on the thread that trains, so it
 * must not wait for long. What it throws is reported and stops nothing: see {@link Tracking}.
 */
public interface Tracker extends AutoCloseable {
  /** Where the numbers go, for messages: a file, an address. */
  String name();

  /**
   * Takes the numbers of one step.
   *
   * @param step its number, from 0
   * @param metrics by Levanter's names, such as {@code train/loss}, in a fixed order
   */
  void log(int step, Map<String, Number> metrics) throws IOException;

  /** Ends the tracking: what was taken is where it should be when this returns. */
  @Override
  void close() throws IOException;
}
