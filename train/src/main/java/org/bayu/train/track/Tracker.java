package org.bayu.train.track;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;

/**
 * Writes what is to be known of a run somewhere, such as a file or a service: the metrics of each
 * step, and what else it has a place for. Called on the thread that trains, so it should return
 * soon; {@link BackgroundTracker} gives it a thread of its own. {@link Tracking} reports its
 * exceptions, and training continues.
 */
public interface Tracker extends AutoCloseable {
  /** Where the metrics go, for messages: a file, an address. */
  String name();

  /**
   * Writes the metrics of one step.
   *
   * @param step its number, from 0
   * @param metrics the metrics under Levanter's names, such as {@code train/loss}, in a fixed
   *     order; not changed afterwards
   */
  void log(int step, Map<String, Number> metrics) throws IOException;

  /** Writes the run's configuration, an object, before its steps. */
  default void config(JsonNode config) throws IOException {}

  /** Writes what the run is computed by, by name, before its steps. */
  default void environment(Map<String, String> environment) throws IOException {}

  /** Writes numbers about the run as a whole, such as the scores of its model. */
  default void summary(Map<String, Number> values) throws IOException {}

  /**
   * Writes a table about the run as a whole, such as its model's predictions. It replaces the table
   * of that name.
   *
   * @param name letters, digits and {@code _}
   */
  default void table(String name, Table table) throws IOException {}

  /**
   * Writes a table of one step, such as its model's predictions, before the step's metrics.
   *
   * @param step its number, from 0
   */
  default void table(int step, String name, Table table) throws IOException {}

  /** Writes an image, such as that of a confusion matrix. */
  default void image(String name, PngImage image) throws IOException {}

  /**
   * Notes that the run has done all its steps, before it is closed. A run that fails has no end.
   */
  default void ended() throws IOException {}

  /**
   * Makes sure that the metrics so far outlive the machine's failure, as far as it can. Called
   * before a checkpoint is written, so that a run that goes on from it has the metrics before it.
   */
  default void sync() throws IOException {}

  /** Ends the tracking. When this returns, all metrics are written. */
  @Override
  void close() throws IOException;
}
