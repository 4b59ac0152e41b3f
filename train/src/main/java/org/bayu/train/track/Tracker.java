package org.bayu.train.track;

import java.io.IOException;
import java.util.Map;

/**
 * Writes a run's metrics somewhere, such as a file or a service. Called on the thread that trains,
 * so it should return soon. {@link Tracking} reports its exceptions, and training continues.
 */
public interface Tracker extends AutoCloseable {
  /** Where the metrics go, for messages: a file, an address. */
  String name();

  /**
   * Writes the metrics of one step.
   *
   * @param step its number, from 0
   * @param metrics the metrics under Levanter's names, such as {@code train/loss}, in a fixed order
   */
  void log(int step, Map<String, Number> metrics) throws IOException;

  /**
   * Makes sure that the metrics so far outlive the machine's failure, as far as it can. Called
   * before a checkpoint is written, so that a run that goes on from it has the metrics before it.
   */
  default void sync() throws IOException {}

  /** Ends the tracking. When this returns, all metrics are written. */
  @Override
  void close() throws IOException;
}
