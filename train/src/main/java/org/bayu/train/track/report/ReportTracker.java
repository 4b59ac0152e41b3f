package org.bayu.train.track.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.bayu.train.files.AtomicFile;
import org.bayu.train.track.Table;
import org.bayu.train.track.TrackedRun;
import org.bayu.train.track.Tracker;
import org.jspecify.annotations.Nullable;

/**
 * Writes a page about a run, one file that is complete in itself: curves, predictions, scores,
 * configuration, environment. The file is written anew after an evaluation, every ten seconds, and
 * at the end, whole or not at all; less often if writing would take more than a hundredth of the
 * time. Works on what {@link org.bayu.train.track.JsonLinesTracker} has written of the run's
 * earlier steps, which it reads at the first call. For {@link
 * org.bayu.train.track.BackgroundTracker}.
 */
public final class ReportTracker implements Tracker {
  private static final long PAUSE_MILLIS = 10_000;
  private static final int LEAST_SHARE = 100;

  private final Path metrics;
  private final Path report;
  private final int firstStep;
  private final JsonNode initialConfig;
  private final InstantSource clock;
  private @Nullable RunData data;
  private long allowed = Long.MIN_VALUE; // the next writing, in the clock's milliseconds
  private long due = Long.MIN_VALUE;
  private ReportPage.State state = ReportPage.State.RUNNING;

  private ReportTracker(
      Path metrics, Path report, int firstStep, JsonNode config, InstantSource clock) {
    this.metrics = metrics;
    this.report = report;
    this.firstStep = firstStep;
    initialConfig = config;
    this.clock = clock;
  }

  /**
   * A report. Nothing is read or written yet.
   *
   * @param metrics the file of the run's {@link org.bayu.train.track.JsonLinesTracker}
   * @param report the file to write, or to replace
   * @param firstStep the step that is done next, from 0
   * @param config the run's configuration, an object, until {@link #config} gives another
   */
  public static ReportTracker open(Path metrics, Path report, int firstStep, JsonNode config) {
    return open(metrics, report, firstStep, config, InstantSource.system());
  }

  static ReportTracker open(
      Path metrics, Path report, int firstStep, JsonNode config, InstantSource clock) {
    return new ReportTracker(metrics, report, firstStep, config, clock);
  }

  @Override
  public String name() {
    return report.toString();
  }

  private RunData data() throws IOException {
    if (data == null) {
      data = RunData.read(new TrackedRun(metrics), firstStep);
      data.config(initialConfig);
    }
    return data;
  }

  @Override
  public void config(JsonNode config) throws IOException {
    data().config(config);
    writeIfDue();
  }

  @Override
  public void environment(Map<String, String> environment) throws IOException {
    data().environment(environment);
  }

  @Override
  public void log(int step, Map<String, Number> metrics) throws IOException {
    data().step(step, metrics);
    if (metrics.containsKey(RunData.EVAL_LOSS)) {
      due = allowed;
    }
    writeIfDue();
  }

  @Override
  public void summary(Map<String, Number> values) throws IOException {
    data().summary(values);
  }

  @Override
  public void table(String name, Table table) throws IOException {
    data().table(name, table);
  }

  @Override
  public void table(int step, String name, Table table) throws IOException {
    if (name.equals(RunData.PREDICTIONS)) {
      data().predictions(step, table);
    }
  }

  @Override
  public void ended() {
    state = ReportPage.State.ENDED;
  }

  private void writeIfDue() throws IOException {
    if (clock.millis() >= due) {
      write();
    }
  }

  private void write() throws IOException {
    var start = clock.millis();
    var page = new ReportPage(data(), state, Instant.ofEpochMilli(start)).bytes();
    try {
      AtomicFile.write(report, out -> out.write(page));
    } finally {
      var end = clock.millis();
      allowed = end + LEAST_SHARE * (end - start);
      due = Math.max(allowed, end + PAUSE_MILLIS);
    }
  }

  @Override
  public void close() throws IOException {
    if (state == ReportPage.State.RUNNING) {
      state = ReportPage.State.STOPPED;
    }
    write();
  }
}
