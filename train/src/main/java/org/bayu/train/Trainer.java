package org.bayu.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.Device;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.LearningRateSchedule;
import org.jspecify.annotations.Nullable;

/**
 * The training loop. It runs steps from the state's step to the last one, evaluates at intervals,
 * and reports to listeners.
 *
 * <p>Owns nothing. Not thread-safe, except {@link #stop}.
 */
public final class Trainer {
  /** A run whose updates are left out so many times one after the other ends. */
  private static final int MOST_SKIPPED_IN_A_ROW = 10;

  private final TrainState state;
  private final Batches batches;
  private final @Nullable List<TokenizedExample> evalData;
  private final TrainingStep step;
  private final TrainSettings settings;
  private final Device device;
  private final LearningRateSchedule schedule;
  private final ModelFlops flops;
  private final List<TrainListener> listeners = new ArrayList<>();
  private volatile boolean stopped;

  /**
   * A run that changes {@code state}.
   *
   * @param evalData rows of the evaluations; null for none
   * @param step makes the updates, on {@code device}
   */
  public Trainer(
      TrainState state,
      Batches batches,
      @Nullable List<TokenizedExample> evalData,
      TrainingStep step,
      TrainSettings settings,
      Device device) {
    this.state = state;
    this.batches = batches;
    this.evalData = evalData;
    this.step = step;
    this.settings = settings;
    this.device = device;
    schedule = settings.schedule();
    flops = new ModelFlops(state.model().config());
  }

  /** Adds a listener; they are called in the order in which they were added. */
  public void listen(TrainListener listener) {
    listeners.add(listener);
  }

  /**
   * Ends the run after the current step, or before the next one if none is running. A later {@link
   * #run} continues from there. May be called from any thread.
   */
  public void stop() {
    stopped = true;
  }

  /**
   * Trains until the last step is done or {@link #stop} is called.
   *
   * @throws NonFiniteException if loss, gradients or an evaluation are not finite
   * @throws IOException if a listener throws it
   */
  public void run() throws IOException {
    var start = start();
    for (var listener : listeners) {
      listener.started(start);
    }
    try {
      var unreported = state.progress().unreported();
      if (unreported != null) { // the run was interrupted in the evaluation after a step
        var number = state.steps() - 1;
        report(number, batches.of(number), unreported, 0, 0, 0);
      }
      while (state.steps() < settings.steps() && !stopped) {
        for (var listener : listeners) {
          listener.stepBegins(state.steps());
        }
        step();
        device.mark("between steps");
      }
    } finally {
      stopped = false;
    }
  }

  private TrainListener.Start start() {
    var parameters = state.model().parameters();
    return new TrainListener.Start(
        state.steps(),
        settings.steps(),
        parameters.stream().mapToLong(p -> p.wholeShape().elements()).sum(),
        parameters.stream()
            .filter(Parameter::trainable)
            .mapToLong(p -> p.wholeShape().elements())
            .sum());
  }

  /** A step, and the evaluation after it. */
  private void step() throws IOException {
    var number = state.steps();
    var start = System.nanoTime();
    var flopsBefore = device.flops();
    var batch = batches.of(number);
    var loaded = System.nanoTime();
    device.mark("loading");
    var result = step.run(number, batch, schedule.rate(number), this::microBatch);
    report(
        number,
        batch,
        result,
        device.flops() - flopsBefore,
        (System.nanoTime() - start) * 1e-9,
        (loaded - start) * 1e-9);
  }

  private void report(
      int number,
      List<TokenizedExample> batch,
      TrainingStep.Result result,
      double deviceFlops,
      double seconds,
      double loadingSeconds)
      throws IOException {
    var evalLoss = evaluates() ? evaluate() : null;
    var report =
        new StepReport(
            number,
            result,
            state.progress(),
            schedule.rate(number),
            batch.size(),
            batch.stream().mapToDouble(example -> flops.of(example.tokens().size())).sum()
                / step.groups(),
            deviceFlops,
            seconds,
            loadingSeconds,
            evalLoss);
    for (var listener : listeners) {
      listener.step(report);
    }
    if (!report.isFinite()) {
      throw new NonFiniteException(number, "after its update eval/loss is " + evalLoss);
    }
    if (state.progress().consecutiveSkips() >= MOST_SKIPPED_IN_A_ROW) {
      throw new NonFiniteException(
          number,
          result.skipped()
              + ", and so it was in the "
              + (MOST_SKIPPED_IN_A_ROW - 1)
              + " steps before");
    }
    state.reported();
    for (var listener : listeners) {
      listener.stepEnds(state.steps());
    }
  }

  private boolean evaluates() {
    var done = state.steps();
    return done % settings.stepsPerEval() == 0 || done == settings.steps();
  }

  private @Nullable Double evaluate() {
    return evalData == null ? null : (Double) step.evaluate(evalData, this::evaluated);
  }

  private void microBatch(int done, int count) {
    listeners.forEach(listener -> listener.microBatch(done, count));
  }

  private void evaluated(int done, int count) {
    listeners.forEach(listener -> listener.evaluated(done, count));
  }
}
