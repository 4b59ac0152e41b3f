package org.bayu.train.track;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;
import org.bayu.train.files.AtomicFile;

/**
 * Writes a file with one JSON object for each step: numbers by name, at full precision. If a line
 * cannot be written whole, nothing of it stays in the file.
 *
 * <p>Beside it are the files {@value #SUMMARY}, in which a number replaces that of the same name,
 * {@value #ENVIRONMENT}, and {@code tables/NAME.jsonl} with an object for each row. {@link
 * TrackedRun} reads them all.
 */
public final class JsonLinesTracker implements Tracker {
  /** The file of the summary. */
  public static final String SUMMARY = "summary.json";

  /** The file of the environment. */
  public static final String ENVIRONMENT = "environment.json";

  private final Path path;
  private final TableFiles tables;
  private final FileChannel file;
  private final ObjectMapper json = new ObjectMapper();

  private JsonLinesTracker(Path path, FileChannel file) {
    this.path = path;
    tables = TableFiles.beside(path);
    this.file = file;
  }

  /** Opens the file at its beginning, or creates it. */
  public static JsonLinesTracker create(Path path) throws IOException {
    return new JsonLinesTracker(path, FileChannel.open(path, CREATE, WRITE));
  }

  /**
   * Opens the file of a run that goes on, or creates it. Cuts it back to the lines of the steps
   * before {@code firstStep}: at the first line that is not whole, is no JSON object with a number
   * {@code global_step}, or is of a later step. A crash leaves the file as it was, or cut.
   *
   * @param firstStep the step that is done next, from 0
   */
  public static JsonLinesTracker resume(Path path, int firstStep) throws IOException {
    var file = FileChannel.open(path, CREATE, READ, WRITE);
    try {
      MetricsLines.cut(file, firstStep);
      TableFiles.beside(path).cut(firstStep);
      return new JsonLinesTracker(path, file);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return path.toString();
  }

  @Override
  public void log(int step, Map<String, Number> metrics) throws IOException {
    var line = ByteBuffer.wrap((json.writeValueAsString(metrics) + "\n").getBytes(UTF_8));
    var end = file.position();
    try {
      while (line.hasRemaining()) {
        file.write(line);
      }
    } catch (IOException e) {
      file.truncate(end);
      throw e;
    }
  }

  @Override
  public void environment(Map<String, String> environment) throws IOException {
    write(ENVIRONMENT, environment);
  }

  @Override
  public void summary(Map<String, Number> metrics) throws IOException {
    var all = TrackedRun.object(path.resolveSibling(SUMMARY));
    metrics.forEach(all::putPOJO);
    write(SUMMARY, all);
  }

  private void write(String name, Object value) throws IOException {
    AtomicFile.write(
        path.resolveSibling(name),
        out -> {
          out.write(json.writerWithDefaultPrettyPrinter().writeValueAsBytes(value));
          out.write('\n');
        });
  }

  @Override
  public void table(String name, Table table) throws IOException {
    tables.write(name, table);
  }

  @Override
  public void table(int step, String name, Table table) throws IOException {
    tables.append(step, name, table);
  }

  @Override
  public void sync() throws IOException {
    file.force(true);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
