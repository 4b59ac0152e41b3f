package org.bayu.finetune.run;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.bayu.train.TrainState;
import org.bayu.train.checkpoint.Checkpointer;

/** Ends a run from another thread, for the end of the process. */
final class RunInterruption {
  /** A scheduler gives half a minute before it kills. */
  private static final Duration LAST_CHECKPOINT = Duration.ofSeconds(20);

  /** Of that, until all processes have given the step up. */
  private static final Duration LAST_STEP = Duration.ofSeconds(10);

  private final TrainState state;
  private final Checkpointer checkpointer;
  private final int steps;
  private final Consumer<String> messages;
  private final ReentrantLock ending = new ReentrantLock();
  private boolean closed;

  /** What ends a run of so many steps. State and checkpointer remain the caller's. */
  RunInterruption(
      TrainState state, Checkpointer checkpointer, int steps, Consumer<String> messages) {
    this.state = state;
    this.checkpointer = checkpointer;
    this.steps = steps;
    this.messages = messages;
  }

  /**
   * Brings the state after the last whole step to the disk if that can be done in time. Afterwards
   * the run does nothing more, and {@link #close} waits for ever.
   */
  @SuppressWarnings("LockNotBeforeTry") // never unlocked
  void interrupt() {
    ending.lock();
    if (closed) {
      return;
    }
    var start = System.nanoTime();
    if (state.isDivided() && state.steps() < steps) {
      var _ = state.stopStep(LAST_STEP);
    }
    state.freeze();
    var taken = Duration.ofNanos(System.nanoTime() - start);
    var newest = checkpointer.writeInTime(LAST_CHECKPOINT.minus(taken));
    messages.accept(
        newest
            .map(
                path ->
                    String.format(
                        Locale.ROOT,
                        "Interrupted after %d of %d steps. The newest checkpoint is %s.",
                        state.steps(),
                        steps,
                        path))
            .orElse("Interrupted before the first checkpoint."));
  }

  /** From now on there is nothing to interrupt: what the run has can be freed. */
  void close() {
    ending.lock();
    try {
      closed = true;
    } finally {
      ending.unlock();
    }
  }
}
