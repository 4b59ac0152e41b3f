package org.bayu.train.track.tensorboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bayu.tensor.io.ProtobufWriter;
import org.bayu.train.track.PngImage;
import org.bayu.train.track.Table;
import org.bayu.train.track.Tracker;

/**
 * Writes a folder for TensorBoard: scalars as 32-bit floats, the configuration and tables as text,
 * images. What is about the run as a whole is at the step after the last one.
 */
public final class TensorBoardTracker implements Tracker {
  // Fields of the messages of TensorFlow's event.proto and summary.proto.
  private static final int WALL_TIME = 1;
  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;
  private static final int VALUE = 1;
  private static final int TAG = 1;
  private static final int SIMPLE_VALUE = 2;
  private static final int IMAGE = 4;
  private static final int TENSOR = 8;
  private static final int METADATA = 9;

  private static final int DT_STRING = 7;
  private static final int RGB = 3;

  /** A page of text shows no more. */
  private static final int ROWS = 200;

  private final Path folder;
  private final EventFile file;
  private final InstantSource clock;
  private final ObjectMapper json = new ObjectMapper();
  private int next;

  private TensorBoardTracker(Path folder, EventFile file, InstantSource clock, int firstStep) {
    this.folder = folder;
    this.file = file;
    this.clock = clock;
    next = firstStep;
  }

  /**
   * Begins a file in a folder, which is made if it is missing. Cuts the event files that are there
   * back to the steps before {@code firstStep}.
   *
   * @param folder of this run alone
   * @param firstStep the step that is done next, from 0
   */
  public static TensorBoardTracker open(Path folder, int firstStep) throws IOException {
    return open(folder, firstStep, InstantSource.system());
  }

  static TensorBoardTracker open(Path folder, int firstStep, InstantSource clock)
      throws IOException {
    Files.createDirectories(folder);
    for (var path : eventFiles(folder)) {
      EventFile.cut(path, firstStep);
    }
    var kept = eventFiles(folder);
    var tracker =
        new TensorBoardTracker(folder, EventFile.create(name(folder, clock)), clock, firstStep);
    tracker.write(tracker.event(0).text(FILE_VERSION, "brain.Event:2"));
    if (!kept.isEmpty()) {
      // A TensorBoard that has the steps from here on in its memory forgets them.
      var start = new ProtobufWriter().number(1, 1);
      tracker.write(tracker.event(firstStep).message(SESSION_LOG, start));
    }
    return tracker;
  }

  private static List<Path> eventFiles(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).contains(".tfevents."))
          .sorted()
          .toList();
    }
  }

  /** TensorBoard reads a folder's files in the order of their names. */
  private static Path name(Path folder, InstantSource clock) {
    var seconds = clock.millis() / 1000;
    for (var count = 0; ; count++) {
      var path =
          folder.resolve(
              String.format(Locale.ROOT, "events.out.tfevents.%010d.bayu.%d", seconds, count));
      if (Files.notExists(path)) {
        return path;
      }
    }
  }

  @Override
  public String name() {
    return folder.toString();
  }

  @Override
  public void log(int step, Map<String, Number> metrics) throws IOException {
    scalars(step, metrics);
    next = step + 1;
  }

  private void scalars(int step, Map<String, Number> metrics) throws IOException {
    var summary = new ProtobufWriter();
    metrics.forEach(
        (name, value) ->
            summary.message(VALUE, value(name).float32(SIMPLE_VALUE, value.floatValue())));
    write(event(step).message(SUMMARY, summary));
  }

  @Override
  public void config(JsonNode config) throws IOException {
    text(
        next, "config", json.writerWithDefaultPrettyPrinter().writeValueAsString(config).indent(4));
  }

  @Override
  public void summary(Map<String, Number> values) throws IOException {
    scalars(next, values);
  }

  @Override
  public void table(String name, Table table) throws IOException {
    table(next, name, table);
  }

  @Override
  public void table(int step, String name, Table table) throws IOException {
    var text = new StringBuilder();
    row(text, table.columns());
    text.append("|---".repeat(table.columns().size())).append("|\n");
    table.rows().stream().limit(ROWS).forEach(row -> row(text, row));
    if (table.rows().size() > ROWS) {
      text.append("\nThe first %s of %s rows.\n".formatted(ROWS, table.rows().size()));
    }
    text(step, name, text.toString());
  }

  /** A row in Markdown. */
  private static void row(StringBuilder text, List<String> cells) {
    for (var cell : cells) {
      text.append("| ")
          .append(
              cell.replace("\\", "\\\\")
                  .replace("|", "\\|")
                  .replace("<", "&lt;")
                  .replace("\n", " ")
                  .replace("\r", " "))
          .append(' ');
    }
    text.append("|\n");
  }

  private void text(int step, String name, String text) throws IOException {
    var shape = new ProtobufWriter().message(2, new ProtobufWriter().number(1, 1)); // [1]
    var tensor =
        new ProtobufWriter().number(1, DT_STRING).message(2, shape).bytes(8, text.getBytes(UTF_8));
    var plugin = new ProtobufWriter().text(1, "text");
    var value =
        value(name + "/text_summary")
            .message(METADATA, new ProtobufWriter().message(1, plugin))
            .message(TENSOR, tensor);
    write(event(step).message(SUMMARY, new ProtobufWriter().message(VALUE, value)));
  }

  @Override
  public void image(String name, PngImage image) throws IOException {
    var value =
        value(name)
            .message(
                IMAGE,
                new ProtobufWriter()
                    .number(1, image.height())
                    .number(2, image.width())
                    .number(3, RGB)
                    .bytes(4, image.bytes()));
    write(event(next).message(SUMMARY, new ProtobufWriter().message(VALUE, value)));
  }

  private static ProtobufWriter value(String tag) {
    return new ProtobufWriter().text(TAG, tag);
  }

  private ProtobufWriter event(int step) {
    return new ProtobufWriter().float64(WALL_TIME, clock.millis() / 1e3).number(STEP, step);
  }

  private void write(ProtobufWriter event) throws IOException {
    file.write(event.toBytes());
  }

  @Override
  public void sync() throws IOException {
    file.sync();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
