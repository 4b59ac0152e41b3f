package org.bayu.train.track;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.bayu.tensor.io.InvalidJsonException;
import org.bayu.tensor.io.StrictJson;

/** The lines of a file that {@link JsonLinesTracker} wrote, as a killed run may have left it. */
final class MetricsLines {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The key of a line's step. */
  static final String STEP = "global_step";

  /** A step's line has some hundred bytes. What is longer is not one. */
  private static final int MAX_LINE = 1 << 20;

  private MetricsLines() {}

  /** Cuts the file to the length of {@link #lengthBefore}, and goes to its end. */
  static void cut(FileChannel file, int firstStep) throws IOException {
    var end = lengthBefore(file, firstStep);
    if (end < file.size()) {
      file.truncate(end);
      file.force(true);
    }
    file.position(end);
  }

  /**
   * The length of the file's beginning in which every line is whole and of a step before {@code
   * firstStep}, in bytes. Moves the file's position.
   */
  private static long lengthBefore(FileChannel file, int firstStep) throws IOException {
    // Not closed: that would close the file.
    var in = new BufferedInputStream(Channels.newInputStream(file.position(0)), 1 << 16);
    var line = new ByteArrayOutputStream();
    var length = 0L;
    while (readLine(in, line) && isBefore(firstStep, line.toString(UTF_8))) {
      length += line.size() + 1L;
      line.reset();
    }
    return length;
  }

  /**
   * Passes on every line of a step before {@code firstStep}, up to the first line that is no
   * step's.
   */
  static void read(Path file, int firstStep, BiConsumer<Integer, ObjectNode> lines)
      throws IOException {
    read(
        file,
        values -> {
          var step = values.path(STEP);
          if (step.isInt() && step.intValue() < firstStep) {
            lines.accept(step.intValue(), values);
          }
          return step.isInt();
        });
  }

  /**
   * Passes on every line, up to the first that is not whole or no JSON object, or for which {@code
   * goesOn} is false. A missing file has no lines.
   */
  static void read(Path file, Predicate<ObjectNode> goesOn) throws IOException {
    try (var in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      var line = new ByteArrayOutputStream();
      while (readLine(in, line)
          && parse(line.toString(UTF_8)) instanceof ObjectNode values
          && goesOn.test(values)) {
        line.reset();
      }
    } catch (NoSuchFileException e) {
      // No step has been done yet.
    }
  }

  /** Whether a whole line was read; it has no line break. */
  private static boolean readLine(InputStream in, ByteArrayOutputStream line) throws IOException {
    for (var c = in.read(); c >= 0 && line.size() < MAX_LINE; c = in.read()) {
      if (c == '\n') {
        return true;
      }
      line.write(c);
    }
    return false;
  }

  private static boolean isBefore(int firstStep, String line) throws IOException {
    var step = parse(line).path(STEP);
    return step.isInt() && step.intValue() < firstStep;
  }

  /** A line's value; a missing node if it is not one JSON value. */
  private static JsonNode parse(String line) throws IOException {
    try {
      return StrictJson.parse(line, JSON::<JsonNode>readTree);
    } catch (InvalidJsonException e) {
      return MissingNode.getInstance();
    }
  }
}
