package org.bayu.train.track.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.bayu.train.track.Table;
import org.bayu.train.track.TrackedRun;
import org.jspecify.annotations.Nullable;

/** What a report shows of a run. It takes bounded memory, however many steps the run has. */
final class RunData {
  static final String LOSS = "train/loss";
  static final String SMOOTH_LOSS = "train/loss smoothed";
  static final String EVAL_LOSS = "eval/loss";
  static final String EXACT = "eval/exact_match";
  static final String LEARNING_RATE = "optim/learning_rate";
  static final String TOKENS = "throughput/tokens_per_second";
  static final String GRADIENT = "grad/norm/total";
  static final String PREDICTIONS = "eval_predictions";

  /** The weight of what was before in the smoothed loss: it follows in some 20 steps. */
  private static final double SMOOTHING = 0.95;

  /** Of longer runs, the predictions of the first evaluation and of the last ones. */
  private static final int EVALUATIONS = 12;

  private final Map<String, Curve> curves = new LinkedHashMap<>();
  private final Map<String, Double> latest = new HashMap<>();
  private final TreeMap<Integer, List<PredictionRows.Row>> predictions = new TreeMap<>();
  private final TreeMap<String, Table> tables = new TreeMap<>();
  private ObjectNode environment = JsonNodeFactory.instance.objectNode();
  private final ObjectNode summary = JsonNodeFactory.instance.objectNode();
  private JsonNode config = JsonNodeFactory.instance.objectNode();
  private double smoothed;
  private double smoothedWeight;
  private double seconds;
  private int done;

  RunData() {
    for (var name :
        new String[] {LOSS, SMOOTH_LOSS, EVAL_LOSS, EXACT, LEARNING_RATE, TOKENS, GRADIENT}) {
      curves.put(name, new Curve());
    }
  }

  /** What a run has written of the steps before {@code firstStep}. */
  static RunData read(TrackedRun run, int firstStep) throws IOException {
    var data = new RunData();
    run.metrics(
        firstStep,
        (step, values) -> {
          var metrics = new HashMap<String, Number>();
          values
              .properties()
              .forEach(
                  entry -> {
                    if (entry.getValue().isNumber()) {
                      metrics.put(entry.getKey(), entry.getValue().numberValue());
                    }
                  });
          data.step(step, metrics);
        });
    run.stepTables(firstStep).getOrDefault(PREDICTIONS, new TreeMap<>()).forEach(data::predictions);
    data.tables.putAll(run.tables());
    data.environment = run.environment();
    data.summary.setAll(run.summary());
    return data;
  }

  /** Adds a step. */
  void step(int step, Map<String, Number> metrics) {
    done = step + 1;
    metrics.forEach((name, value) -> latest.put(name, value.doubleValue()));
    curves.forEach(
        (name, curve) -> {
          var value = metrics.get(name);
          if (value != null && Double.isFinite(value.doubleValue())) {
            curve.add(step, value.doubleValue());
          }
        });
    var loss = metrics.get(LOSS);
    if (loss != null && Double.isFinite(loss.doubleValue())) {
      smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * loss.doubleValue();
      smoothedWeight = SMOOTHING * smoothedWeight + (1 - SMOOTHING);
      curve(SMOOTH_LOSS).add(step, smoothed / smoothedWeight);
    }
    var duration = metrics.get("throughput/duration");
    seconds += duration == null ? 0 : duration.doubleValue();
  }

  /** Adds the predictions of the evaluation after a step. */
  void predictions(int step, Table table) {
    predictions.put(step, PredictionRows.of(table));
    if (predictions.size() > EVALUATIONS) {
      predictions.remove(predictions.higherKey(predictions.firstKey()));
    }
  }

  void table(String name, Table table) {
    tables.put(name, table);
  }

  void summary(Map<String, Number> values) {
    values.forEach((name, value) -> summary.put(name, value.doubleValue()));
  }

  void environment(Map<String, String> values) {
    environment = JsonNodeFactory.instance.objectNode();
    values.forEach(environment::put);
  }

  void config(JsonNode values) {
    config = values;
  }

  /** The curve of one of the metrics above. */
  Curve curve(String name) {
    var curve = curves.get(name);
    if (curve == null) {
      throw new IllegalArgumentException(name);
    }
    return curve;
  }

  /** A metric's newest value. */
  OptionalDouble latest(String name) {
    var value = latest.get(name);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** Predictions by the step that they were made after. */
  NavigableMap<Integer, List<PredictionRows.Row>> predictions() {
    return predictions;
  }

  /** A table of the run as a whole; null if there is none. */
  @Nullable Table table(String name) {
    return tables.get(name);
  }

  /** All tables of the run as a whole. */
  Map<String, Table> tables() {
    return tables;
  }

  JsonNode environment() {
    return environment;
  }

  JsonNode config() {
    return config;
  }

  /** Steps done. */
  int done() {
    return done;
  }

  /** Steps of the whole run; 0 if that is not known. */
  int steps() {
    return config.path("trainer").path("num_train_steps").asInt(0);
  }

  /** The time of all steps. */
  double seconds() {
    return seconds;
  }
}
