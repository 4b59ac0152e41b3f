package org.bayu.finetune.track;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.bayu.finetune.output.OutputFolder;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.train.TrainRun;
import org.bayu.finetune.train.TrainRun.StepReport;
import org.jspecify.annotations.Nullable;

/**
 * Follows a run: every step becomes one object of {@code metrics.jsonl} under Levanter's names, and
 * shows on the terminal.
 */
public final class RunTracker implements TrainRun.Observer, AutoCloseable {
  private TrainConfig config;
  private final Path path;
  private final PrintWriter err;
  private final Map<String, Number> fixed = new LinkedHashMap<>();
  private @Nullable RunFolder folder;
  private @Nullable Progress progress;
  private double peakGflops;
  private long totalTokens;
  private double seconds;
  private int missing;
  private double firstLoss = Double.NaN;
  private double lastLoss = Double.NaN;

  /**
   * Follows a run that has not begun: nothing is written before {@link #start}.
   *
   * @throws org.bayu.finetune.error.UserException if the run's folder holds a run already
   */
  public RunTracker(TrainConfig config, PrintWriter err) throws IOException {
    this.config = config;
    this.err = err;
    path = config.trainer().outputDir().resolve(config.trainer().id());
    RunFolder.refuseIfTaken(path);
  }

  @Override
  public void planned(TrainConfig resolved) {
    config = resolved;
  }

  @Override
  public void start(long parameters, long trainable, double peakGflops) throws IOException {
    this.peakGflops = peakGflops;
    folder = RunFolder.create(path, config.toYaml());
    err.println("Run " + config.trainer().id() + " in " + path);
    var fraction = (double) trainable / parameters;
    err.printf(
        Locale.ROOT,
        "Training %,d of %,d parameters (%.3f %%).%n",
        trainable,
        parameters,
        100 * fraction);
    fixed.put("parameter_count", parameters);
    fixed.put("trainable_parameter_count", trainable);
    fixed.put("fraction_trainable", fraction);
    progress = new Progress("train", config.trainer().numTrainSteps(), err);
  }

  @Override
  public void microBatch(int done, int count) {
    Objects.requireNonNull(progress).part(done, count);
  }

  @Override
  public void evaluated(int done, int count) {
    Objects.requireNonNull(progress).afterwards("eval", done, count);
  }

  @Override
  public void step(StepReport report) throws IOException {
    var hookStart = System.nanoTime();
    var result = report.result();
    totalTokens += result.tokens();
    seconds += report.seconds();
    firstLoss = report.step() == 0 ? result.loss() : firstLoss;
    lastLoss = result.loss();
    var tokensPerSecond = result.tokens() / report.seconds();
    var values = new LinkedHashMap<String, Number>();
    values.put("global_step", report.step());
    values.put("run_progress", (double) report.step() / config.trainer().numTrainSteps());
    values.put("train/loss", result.loss());
    var evalLoss = report.evalLoss();
    if (evalLoss != null) {
      values.put("eval/loss", evalLoss);
      message(String.format(Locale.ROOT, "Step %d: eval/loss %.6f", report.step() + 1, evalLoss));
    }
    values.put("optim/learning_rate", report.learningRate());
    values.put("grad/norm/total", result.gradientNorm());
    // A rate over no time is no number.
    if (report.seconds() > 0) {
      values.put("throughput/tokens_per_second", tokensPerSecond);
      values.put("throughput/examples_per_second", report.examples() / report.seconds());
      var gflopsPerSecond = report.modelFlops() / report.seconds() * 1e-9;
      values.put("throughput/gflops_per_second", gflopsPerSecond);
      if (peakGflops > 0) {
        values.put("throughput/mfu", gflopsPerSecond / peakGflops);
      }
    }
    values.put("throughput/distinct_tokens", result.distinctTokens());
    values.put("throughput/total_tokens", totalTokens);
    values.put("throughput/duration", report.seconds());
    values.put("throughput/loading_time", report.loadingSeconds());
    values.putAll(fixed);
    Objects.requireNonNull(progress)
        .step(
            String.format(Locale.ROOT, "loss %.4f", result.loss()),
            String.format(Locale.ROOT, "%,.0f tokens/s", tokensPerSecond),
            String.format(Locale.ROOT, "lr %.2e", report.learningRate()));
    values.put("throughput/hook_time", (System.nanoTime() - hookStart) * 1e-9);
    log(values);
  }

  /** A line of metrics that cannot be written is no reason to lose what is trained. */
  private void log(Map<String, Number> values) {
    try {
      Objects.requireNonNull(folder).log(values);
    } catch (IOException e) {
      if (missing == 0) {
        message(
            path.resolve(RunFolder.METRICS)
                + ": cannot be written ("
                + OutputFolder.reason(e)
                + "). Training goes on; steps are missing in it.");
      }
      missing++;
    }
  }

  /** Prints a line beside the progress. */
  public void message(String line) {
    if (progress == null) {
      err.println(line);
    } else {
      progress.message(line);
    }
  }

  /** What the run came to, for the user. */
  public List<String> summary() {
    var rate =
        seconds > 0 ? String.format(Locale.ROOT, ", %,.0f tokens/s", totalTokens / seconds) : "";
    var metrics = "Metrics: " + path.resolve(RunFolder.METRICS);
    return List.of(
        String.format(
            Locale.ROOT,
            "Trained %d steps in %.1f s: %,d tokens%s."
                + " Loss %.4f at the first step, %.4f at the last.",
            config.trainer().numTrainSteps(),
            seconds,
            totalTokens,
            rate,
            firstLoss,
            lastLoss),
        missing == 0
            ? metrics
            : String.format(Locale.ROOT, "%s (%,d steps are missing in it)", metrics, missing));
  }

  @Override
  public void close() throws IOException {
    try (var _ = folder) {
      if (progress != null) {
        progress.close();
      }
    }
  }
}
