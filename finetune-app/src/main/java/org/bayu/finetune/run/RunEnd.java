package org.bayu.finetune.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.StrictJson;
import org.bayu.train.files.OutputFolder;
import org.jspecify.annotations.Nullable;

/**
 * How a run has ended, as {@code run.json} in its folder says.
 *
 * @param id the run's name
 * @param steps how many it did
 * @param lastLoss the loss of the last step; null if it was not finite
 * @param saved where things were saved, by what they are: model, adapter, merged
 * @param ended when
 */
public record RunEnd(
    String id, int steps, @Nullable Double lastLoss, Map<String, String> saved, Instant ended) {
  static final String FILE = "run.json";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** An end now. */
  public static RunEnd now(String id, int steps, double lastLoss, Map<String, String> saved) {
    return new RunEnd(
        id, steps, Double.isFinite(lastLoss) ? (Double) lastLoss : null, saved, Instant.now());
  }

  String toJson() {
    var root = JSON.createObjectNode().put("id", id).put("steps", steps).put("last_loss", lastLoss);
    var places = root.putObject("saved");
    saved.forEach(places::put);
    root.put("ended", ended.toString());
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts and numbers are always writable", e);
    }
  }

  /** What the file of a run's folder says; empty if there is none, or none that can be read. */
  static Optional<RunEnd> read(Path folder, Consumer<String> messages) {
    var file = folder.resolve(FILE);
    try {
      return Optional.of(of(file, StrictJson.read(file, JSON::<JsonNode>readTree)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (MalformedFileException e) {
      messages.accept(e.getMessage() + ". The run counts as not ended.");
    } catch (IOException e) {
      messages.accept(
          "%s: cannot be read (%s). The run counts as not ended."
              .formatted(file, OutputFolder.reason(e)));
    }
    return Optional.empty();
  }

  private static RunEnd of(Path file, JsonNode root) throws MalformedFileException {
    var saved = new LinkedHashMap<String, String>();
    root.path("saved").properties().forEach(e -> saved.put(e.getKey(), e.getValue().asText()));
    var loss = root.path("last_loss");
    if (!root.path("id").isTextual() || !root.path("steps").isInt()) {
      throw new MalformedFileException(file, "does not say how the run ended");
    }
    try {
      return new RunEnd(
          root.path("id").textValue(),
          root.path("steps").intValue(),
          loss.isNumber() ? (Double) loss.doubleValue() : null,
          Map.copyOf(saved),
          Instant.parse(root.path("ended").asText()));
    } catch (DateTimeParseException e) {
      throw new MalformedFileException(file, "does not say when the run ended");
    }
  }
}
