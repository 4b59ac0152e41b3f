package org.bayu.train;

import java.io.IOException;

/**
 * Sees what a run does, as it happens, on the thread that trains. What it throws ends the run.
 * {@link Trainer#stop} ends it in good order.
 */
@FunctionalInterface
public interface TrainListener {
  /**
   * What a run is about to do.
   *
   * @param firstStep the number of its first step: 0 unless it goes on from a state
   * @param steps the number behind the last one's
   * @param parameters of the model, adapter included
   * @param trainable those that are trained
   */
  record Start(int firstStep, int steps, long parameters, long trainable) {}

  /** Called once, before the first step. */
  default void started(Start start) throws IOException {}

  /** Called before each step. */
  default void stepBegins(int step) throws IOException {}

  /** Called after each micro-batch of a step: {@code done} of {@code count}. */
  default void microBatch(int done, int count) {}

  /** Called after each micro-batch of an evaluation: {@code done} of {@code count}. */
  default void evaluated(int done, int count) {}

  /** Called after each step, and after the evaluation that follows it. */
  void step(StepReport report) throws IOException;
}
