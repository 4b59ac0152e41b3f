package org.bayu.train;

import java.io.IOException;

/**
 * Is called during a run, on the thread that trains. An exception from a listener ends the run. To
 * end it in good order, call {@link Trainer#stop}.
 */
@FunctionalInterface
public interface TrainListener {
  /**
   * What a run is about to do.
   *
   * @param firstStep the number of its first step; 0 unless the state has steps already
   * @param steps the number of steps of the whole run
   * @param parameters number of parameters of the model, adapter included
   * @param trainable number of trained parameters
   */
  record Start(int firstStep, int steps, long parameters, long trainable) {}

  /** Called once at the beginning of {@link Trainer#run}, before its first step. */
  default void started(Start start) throws IOException {}

  /** Called before each step. */
  default void stepBegins(int step) throws IOException {}

  /** Called after each micro-batch of a step: {@code done} of {@code count}. */
  default void microBatch(int done, int count) {}

  /** Called after each micro-batch of an evaluation: {@code done} of {@code count}. */
  default void evaluated(int done, int count) {}

  /** Called after each step, and after its evaluation if it has one. */
  void step(StepReport report) throws IOException;

  /**
   * Called after each step when all listeners have had its report.
   *
   * @param done number of steps done
   */
  default void stepEnds(int done) throws IOException {}
}
