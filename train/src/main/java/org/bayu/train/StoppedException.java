package org.bayu.train;

/** All processes have given up a step: see {@link TrainState#stopStep}. The state is as before. */
public final class StoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoppedException() {
    super("the step was given up");
  }
}
