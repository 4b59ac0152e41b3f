package org.bayu.finetune.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.READ;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.bayu.tensor.io.InvalidJsonException;
import org.bayu.tensor.io.StrictJson;

/**
 * The last whole line of a run's metrics.
 *
 * @param done steps that the run had done then
 * @param loss of the last one
 */
record LastMetrics(int done, double loss) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The file's end in which the line is looked for; a line has some hundred bytes. */
  private static final int TAIL_BYTES = 1 << 16;

  /** Reads it; empty if there is none. */
  static Optional<LastMetrics> of(Path file) throws IOException {
    var lines = tail(file).split("\n", -1);
    for (var i = lines.length - 2; i >= 0; i--) { // behind the last line break nothing is whole
      var step = parse(lines[i]);
      if (step.isPresent()) {
        return step;
      }
    }
    return Optional.empty();
  }

  private static String tail(Path file) throws IOException {
    try (var channel = FileChannel.open(file, READ)) {
      channel.position(Math.max(0, channel.size() - TAIL_BYTES));
      var bytes = ByteBuffer.allocate(TAIL_BYTES);
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
      return UTF_8.decode(bytes.flip()).toString();
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  private static Optional<LastMetrics> parse(String line) throws IOException {
    try {
      JsonNode metrics = StrictJson.parse(line, JSON::<JsonNode>readTree);
      var step = metrics.path("global_step");
      // A loss that is no number is written as text.
      return step.isInt()
          ? Optional.of(
              new LastMetrics(step.intValue() + 1, metrics.path("train/loss").asDouble(Double.NaN)))
          : Optional.empty();
    } catch (InvalidJsonException e) {
      return Optional.empty();
    }
  }
}
