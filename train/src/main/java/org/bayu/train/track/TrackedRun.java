package org.bayu.train.track;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SequencedMap;
import java.util.function.BiConsumer;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.StrictJson;

/** Reads what {@link JsonLinesTracker} wrote. A file that is missing or damaged has nothing. */
public final class TrackedRun {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path metrics;
  private final TableFiles tables;

  /**
   * A run.
   *
   * @param metrics its file of metrics
   */
  public TrackedRun(Path metrics) {
    this.metrics = metrics;
    tables = TableFiles.beside(metrics);
  }

  /** Passes on the metrics of each step before {@code firstStep}, in the file's order. */
  public void metrics(int firstStep, BiConsumer<Integer, ObjectNode> steps) throws IOException {
    MetricsLines.read(metrics, firstStep, steps);
  }

  /** Numbers about the run as a whole, by their names. */
  public ObjectNode summary() throws IOException {
    return object(metrics.resolveSibling(JsonLinesTracker.SUMMARY));
  }

  /** Texts by their names. */
  public ObjectNode environment() throws IOException {
    return object(metrics.resolveSibling(JsonLinesTracker.ENVIRONMENT));
  }

  /** The tables of the run as a whole by their names, without empty ones. */
  public SequencedMap<String, Table> tables() throws IOException {
    return tables.ofRun();
  }

  /** The tables of steps before {@code firstStep} by their names, each step's by its number. */
  public SequencedMap<String, SequencedMap<Integer, Table>> stepTables(int firstStep)
      throws IOException {
    return tables.ofSteps(firstStep);
  }

  /** The object that a file holds; an empty one if it is missing or damaged. */
  static ObjectNode object(Path file) throws IOException {
    if (Files.exists(file)) {
      try {
        JsonNode value = StrictJson.read(file, JSON::<JsonNode>readTree);
        if (value instanceof ObjectNode object) {
          return object;
        }
      } catch (MalformedFileException e) {
        // The run has it no longer.
      }
    }
    return JsonNodeFactory.instance.objectNode();
  }
}
