package org.bayu.finetune.track;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.train.TrainRun;
import org.bayu.finetune.train.TrainRun.StepReport;
import org.jspecify.annotations.Nullable;

/**
 * Follows a run: every step into {@code metrics.jsonl} under Levanter's names, and onto the
 * terminal.
 */
public final class RunTracker implements TrainRun.Observer, AutoCloseable {
  private final int steps;
  private final RunFolder folder;
  private final PrintWriter err;
  private @Nullable Progress progress;
  private Map<String, Number> fixed = Map.of();
  private long totalTokens;
  private double seconds;
  private double firstLoss = Double.NaN;
  private double lastLoss = Double.NaN;

  /** Makes the run's folder. */
  public RunTracker(TrainConfig config, PrintWriter err) throws IOException {
    var trainer = config.trainer();
    steps = trainer.numTrainSteps();
    this.err = err;
    folder = RunFolder.create(trainer.outputDir(), trainer.id(), config.toYaml());
    err.println("Run " + trainer.id() + " in " + folder.path());
  }

  @Override
  public void start(long parameters, long trainable) {
    var fraction = (double) trainable / parameters;
    err.println(
        "Training %,d of %,d parameters (%.3f %%)."
            .formatted(trainable, parameters, 100 * fraction));
    fixed = new LinkedHashMap<>();
    fixed.put("parameter_count", parameters);
    fixed.put("trainable_parameter_count", trainable);
    fixed.put("fraction_trainable", fraction);
    progress = new Progress("train", steps, err);
  }

  @Override
  public void step(StepReport report) throws IOException {
    var hookStart = System.nanoTime();
    var result = report.result();
    totalTokens += result.tokens();
    seconds += report.seconds();
    firstLoss = report.step() == 0 ? result.loss() : firstLoss;
    lastLoss = result.loss();
    var values = new LinkedHashMap<String, Number>();
    values.put("global_step", report.step());
    values.put("run_progress", (report.step() + 1.0) / steps);
    values.put("train/loss", result.loss());
    values.put("optim/learning_rate", report.learningRate());
    values.put("grad/norm/total", result.gradientNorm());
    values.put("throughput/tokens_per_second", result.tokens() / report.seconds());
    values.put("throughput/examples_per_second", report.examples() / report.seconds());
    values.put("throughput/distinct_tokens", result.distinctTokens());
    values.put("throughput/total_tokens", totalTokens);
    values.put("throughput/duration", report.seconds());
    values.put("throughput/loading_time", report.loadingSeconds());
    values.putAll(fixed);
    if (progress != null) {
      progress.step(
          "loss %.4f  lr %.2e  %,.0f tokens/s"
              .formatted(result.loss(), report.learningRate(), result.tokens() / report.seconds()));
    }
    values.put("throughput/hook_time", (System.nanoTime() - hookStart) * 1e-9);
    folder.log(values);
  }

  @Override
  public void evaluated(int step, double loss) throws IOException {
    err.println("Step %d: eval/loss %.6f".formatted(step + 1, loss));
    var values = new LinkedHashMap<String, Number>();
    values.put("global_step", step);
    values.put("eval/loss", loss);
    folder.log(values);
  }

  /** What the run came to, for the user. */
  public List<String> summary() {
    return List.of(
        "Trained %d steps in %.1f s: %,d tokens, %,.0f tokens/s. Loss %.4f at the first step, %.4f at the last."
            .formatted(steps, seconds, totalTokens, totalTokens / seconds, firstLoss, lastLoss),
        "Metrics: " + folder.path().resolve("metrics.jsonl"));
  }

  @Override
  public void close() throws IOException {
    if (progress != null) {
      progress.close();
    }
    folder.close();
  }
}
