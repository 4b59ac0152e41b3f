package org.bayu.train.track;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.bayu.train.files.OutputFolder;

/**
 * Computes the metrics of a run's steps, under Levanter's names, and passes them to trackers, with
 * what else is to be known of the run. A tracker that fails is reported once and misses those
 * steps. Training and the other trackers continue.
 *
 * <p>Owns the trackers.
 */
public final class Tracking implements TrainListener, AutoCloseable {
  private final List<Follower> followers = new ArrayList<>();
  private final Consumer<String> messages;
  private final Map<String, Number> fixed = new LinkedHashMap<>();
  private final Map<String, Double> next = new LinkedHashMap<>();
  private int steps;
  private double peakGflops;

  /**
   * Metrics for {@code trackers}, which are closed with this object.
   *
   * @param peakGflops the processor's peak in the compute type, in 10⁹ operations a second, for
   *     {@code throughput/mfu} and {@code throughput/hfu}; a step that does more raises it. 0
   *     leaves these metrics out
   * @param messages takes a line where a tracker fails
   */
  public Tracking(List<Tracker> trackers, double peakGflops, Consumer<String> messages) {
    this.peakGflops = peakGflops;
    trackers.forEach(tracker -> followers.add(new Follower(tracker)));
    this.messages = messages;
  }

  @Override
  public void started(Start start) {
    steps = start.steps();
    fixed.put("parameter_count", start.parameters());
    fixed.put("trainable_parameter_count", start.trainable());
    fixed.put("fraction_trainable", (double) start.trainable() / start.parameters());
  }

  /** The processor's peak, in 10⁹ operations a second, as far as it was seen; 0 if unknown. */
  public double peakGflops() {
    return peakGflops;
  }

  /** Raises the processor's peak, for the steps from here on, if that rate is higher. */
  public void reached(double gflops) {
    peakGflops = Math.max(peakGflops, gflops);
  }

  /** Adds to a number of the next step's metrics, for what is done between two steps. */
  public void add(String name, double value) {
    next.merge(name, value, Double::sum);
  }

  @Override
  public void step(StepReport report) {
    var start = System.nanoTime();
    var metrics = metrics(report);
    metrics.putAll(next);
    next.clear();
    metrics.put("throughput/hook_time", (System.nanoTime() - start) * 1e-9);
    followers.forEach(follower -> follower.log(report.step(), metrics));
  }

  private Map<String, Number> metrics(StepReport report) {
    var result = report.result();
    var metrics = new LinkedHashMap<String, Number>();
    metrics.put("global_step", report.step());
    metrics.put("run_progress", (double) report.step() / steps);
    if (result.skipped() == null) { // JSON has no infinity
      metrics.put("train/loss", report.loss());
    }
    var evalLoss = report.evalLoss();
    if (evalLoss != null && report.isFinite()) {
      metrics.put("eval/loss", evalLoss);
    }
    metrics.put("optim/learning_rate", report.learningRate());
    if (result.skipped() == null) {
      metrics.put("grad/norm/total", result.gradientNorm());
    }
    if (report.progress().skipped() > 0) {
      metrics.put("optim/skipped_updates", report.progress().skipped());
    }
    // A rate over no time is no number.
    if (report.seconds() > 0) {
      metrics.put("throughput/tokens_per_second", result.tokens() / report.seconds());
      metrics.put("throughput/examples_per_second", report.examples() / report.seconds());
      var gflopsPerSecond = report.modelFlops() / report.seconds() * 1e-9;
      metrics.put("throughput/gflops_per_second", gflopsPerSecond);
      if (peakGflops > 0) {
        var done = report.deviceFlops() / report.seconds() * 1e-9;
        reached(done);
        metrics.put("throughput/mfu", gflopsPerSecond / peakGflops);
        metrics.put("throughput/hfu", done / peakGflops);
      }
    }
    metrics.put("throughput/distinct_tokens", result.distinctTokens());
    metrics.put("throughput/total_tokens", report.progress().tokens());
    metrics.put("throughput/duration", report.seconds());
    metrics.put("throughput/loading_time", report.loadingSeconds());
    metrics.putAll(fixed);
    return metrics;
  }

  /** The number of steps that the tracker of this name missed. */
  public int missing(String name) {
    return followers.stream()
        .filter(follower -> follower.tracker.name().equals(name))
        .mapToInt(follower -> follower.missing)
        .sum();
  }

  /** Passes {@link Tracker#config} to every tracker. */
  public void config(JsonNode config) {
    writeAll(tracker -> tracker.config(config));
  }

  /** Passes {@link Tracker#environment} to every tracker. */
  public void environment(Map<String, String> environment) {
    writeAll(tracker -> tracker.environment(environment));
  }

  /** Passes {@link Tracker#summary} to every tracker. */
  public void summary(Map<String, Number> values) {
    writeAll(tracker -> tracker.summary(values));
  }

  /** Passes {@link Tracker#table(String, Table)} to every tracker. */
  public void table(String name, Table table) {
    writeAll(tracker -> tracker.table(name, table));
  }

  /** Passes a step's {@link Tracker#table(int, String, Table)} to every tracker. */
  public void table(int step, String name, Table table) {
    writeAll(tracker -> tracker.table(step, name, table));
  }

  /** Passes {@link Tracker#image} to every tracker. */
  public void image(String name, PngImage image) {
    writeAll(tracker -> tracker.image(name, image));
  }

  /** Passes {@link Tracker#ended} to every tracker. */
  public void ended() {
    writeAll(Tracker::ended);
  }

  private void writeAll(Writing writing) {
    followers.forEach(follower -> follower.write(writing));
  }

  /** What a tracker is to write beside the steps. */
  @FunctionalInterface
  private interface Writing {
    void to(Tracker tracker) throws IOException;
  }

  /** Calls {@link Tracker#sync} of every tracker; the first failure of each is reported. */
  public void sync() {
    followers.forEach(Follower::sync);
  }

  /** Closes every tracker; one that cannot be closed is reported. */
  @Override
  public void close() {
    followers.forEach(Follower::close);
  }

  /** A tracker, and what it lost. */
  private final class Follower {
    private final Tracker tracker;
    private int missing;
    private boolean unsynced;
    private boolean failed;

    Follower(Tracker tracker) {
      this.tracker = tracker;
    }

    void log(int step, Map<String, Number> metrics) {
      try {
        tracker.log(step, metrics);
      } catch (IOException | RuntimeException e) {
        missing++;
        report(e, "Training goes on; steps are missing in it.");
      }
    }

    void write(Writing writing) {
      try {
        writing.to(tracker);
      } catch (IOException | RuntimeException e) {
        report(e, "What it was to show is missing there.");
      }
    }

    private void report(Exception failure, String consequence) {
      if (!failed) {
        messages.accept(
            "%s: cannot be written (%s). %s"
                .formatted(tracker.name(), reason(failure), consequence));
      }
      failed = true;
    }

    void sync() {
      try {
        tracker.sync();
      } catch (IOException | RuntimeException e) {
        if (!unsynced) {
          messages.accept(
              "%s: cannot be synced to the disk (%s). Training goes on."
                  .formatted(tracker.name(), reason(e)));
        }
        unsynced = true;
      }
    }

    void close() {
      try {
        tracker.close();
      } catch (IOException | RuntimeException e) {
        messages.accept("%s: may be incomplete (%s).".formatted(tracker.name(), reason(e)));
      }
    }

    private String reason(Exception e) {
      return switch (e) {
        case IOException failure -> OutputFolder.reason(failure);
        case UncheckedIOException failure when failure.getCause() != null ->
            OutputFolder.reason(failure.getCause());
        default -> String.valueOf(e.getMessage());
      };
    }
  }
}
