package org.bayu.train.track;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import org.bayu.tensor.io.InvalidJsonException;
import org.bayu.tensor.io.StrictJson;

/** The lines of a file that {@link JsonLinesTracker} wrote, as a killed run may have left it. */
final class MetricsLines {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A step's line has some hundred bytes. What is longer is not one. */
  private static final int MAX_LINE = 1 << 20;

  private MetricsLines() {}

  /**
   * The length of the file's beginning in which every line is whole and of a step before {@code
   * firstStep}, in bytes. Moves the file's position.
   */
  static long lengthBefore(FileChannel file, int firstStep) throws IOException {
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
    try {
      JsonNode step = StrictJson.parse(line, JSON::<JsonNode>readTree).path("global_step");
      return step.isInt() && step.intValue() < firstStep;
    } catch (InvalidJsonException e) {
      return false;
    }
  }
}
