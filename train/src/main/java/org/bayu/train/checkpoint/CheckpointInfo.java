package org.bayu.train.checkpoint;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import org.bayu.train.TrainState;

/**
 * What {@code checkpoint.json} says.
 *
 * @param format the version of the format
 * @param kept whether the checkpoint stays when the next one is written
 * @param progress of the run
 * @param updates number of updates that the optimizer has made
 * @param run what the run's bits follow from
 */
public record CheckpointInfo(
    int format, boolean kept, TrainState.Progress progress, long updates, RunDescription run) {
  /** Refuses what a damaged file may lack. */
  public CheckpointInfo {
    requireNonNull(progress);
    requireNonNull(run);
    if (progress.steps() < 0) {
      throw new IllegalArgumentException("steps: " + progress.steps());
    }
  }

  /** The file's name. */
  public static final String FILE_NAME = "checkpoint.json";

  /** The version that this Bayu writes, the only one so far. */
  static final int FORMAT = 1;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  byte[] toJson() throws IOException {
    return JSON.writeValueAsBytes(this);
  }

  /** Parses the file. */
  static CheckpointInfo parse(byte[] json) throws DamagedCheckpointException {
    try {
      var tree = JSON.readTree(json);
      refuseUnknownFormat(tree);
      return JSON.treeToValue(tree, CheckpointInfo.class);
    } catch (DamagedCheckpointException e) {
      throw e;
    } catch (IOException e) { // Jackson's, or that the bytes are no text
      throw new DamagedCheckpointException(FILE_NAME + " is not what was written", e);
    }
  }

  private static void refuseUnknownFormat(JsonNode tree) throws DamagedCheckpointException {
    var format = tree.path("format");
    if (!format.isInt() || format.intValue() < 1) {
      throw new DamagedCheckpointException(FILE_NAME + " names no format");
    }
    if (format.intValue() > FORMAT) {
      throw new DamagedCheckpointException(
          "it has the format "
              + format.intValue()
              + " of a newer Bayu; this one reads formats up to "
              + FORMAT);
    }
  }
}
