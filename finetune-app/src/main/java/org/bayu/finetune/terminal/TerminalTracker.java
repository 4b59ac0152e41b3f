package org.bayu.finetune.terminal;

import java.io.PrintWriter;
import java.util.Locale;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.jspecify.annotations.Nullable;

/**
 * Shows a run where people look: a progress bar on a terminal, plain lines elsewhere, and what it
 * came to at the end.
 */
public final class TerminalTracker implements TrainListener, AutoCloseable {
  private final PrintWriter err;
  private volatile @Nullable Progress progress;
  private int firstStep;
  private int steps;
  private long totalTokens;
  private double seconds;
  private double firstLoss = Double.NaN;
  private double lastLoss = Double.NaN;

  /** Shows a run that has not begun. */
  public TerminalTracker(PrintWriter err) {
    this.err = err;
  }

  @Override
  public void started(Start start) {
    err.printf(
        Locale.ROOT,
        "Training %,d of %,d parameters (%.3f %%).%n",
        start.trainable(),
        start.parameters(),
        100.0 * start.trainable() / start.parameters());
    progress = new Progress("train", start.steps(), err);
    firstStep = start.firstStep();
    progress.doneBefore(firstStep);
  }

  @Override
  public void microBatch(int done, int count) {
    if (progress != null) {
      progress.part(done, count);
    }
  }

  @Override
  public void evaluated(int done, int count) {
    if (progress != null) {
      progress.afterwards("eval", done, count);
    }
  }

  @Override
  public void step(StepReport report) {
    var tokens = report.result().tokens();
    if (report.step() >= firstStep) { // else an earlier process did the step
      steps++;
      totalTokens += tokens;
    }
    seconds += report.seconds();
    if (report.result().skipped() == null) {
      firstLoss = Double.isNaN(firstLoss) ? report.loss() : firstLoss;
      lastLoss = report.loss();
    }
    var skipped = report.result().skipped();
    if (skipped != null) {
      message(
          String.format(
              Locale.ROOT, "Step %d: %s. Its update is left out.", report.step(), skipped));
    }
    var evalLoss = report.evalLoss();
    if (evalLoss != null && report.isFinite()) {
      message(String.format(Locale.ROOT, "Step %d: eval/loss %.6f", report.step() + 1, evalLoss));
    }
    if (progress != null) {
      progress.step(
          String.format(Locale.ROOT, "loss %.4f", report.loss()),
          String.format(Locale.ROOT, "%,.0f tokens/s", tokens / report.seconds()),
          String.format(Locale.ROOT, "lr %.2e", report.learningRate()));
    }
  }

  /** Prints a line beside the progress; from any thread. */
  public void message(String line) {
    var shown = progress;
    if (shown == null) {
      err.println(line);
    } else {
      shown.message(line);
    }
  }

  /** What the run came to: a sentence or two. */
  public String summary() {
    if (steps == 0) {
      return "No step was left to train.";
    }
    var rate =
        seconds > 0 ? String.format(Locale.ROOT, ", %,.0f tokens/s", totalTokens / seconds) : "";
    return String.format(
        Locale.ROOT,
        "Trained %d steps in %.1f s: %,d tokens%s."
            + " Loss %.4f at the first step, %.4f at the last.",
        steps,
        seconds,
        totalTokens,
        rate,
        firstLoss,
        lastLoss);
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
  }
}
