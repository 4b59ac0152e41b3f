package org.bayu.train.track;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.bayu.train.files.AtomicFile;

/**
 * The tables of a run, a JSON Lines file for each: an object for each row, with its texts by the
 * columns' names. The rows of tables of steps begin with {@code global_step}.
 */
final class TableFiles {
  private static final String ENDING = ".jsonl";

  private final Path folder;
  private final ObjectMapper json = new ObjectMapper();

  private TableFiles(Path folder) {
    this.folder = folder;
  }

  /** The tables of a run whose metrics are in this file. */
  static TableFiles beside(Path metrics) {
    return new TableFiles(metrics.resolveSibling("tables"));
  }

  private Path file(String name) {
    return folder.resolve(name + ENDING);
  }

  /** Writes a table of the run as a whole, or replaces it. */
  void write(String name, Table table) throws IOException {
    var lines = lines(table, json.createObjectNode());
    AtomicFile.write(file(name), out -> out.write(lines));
  }

  /** Writes a table of a step behind those of the steps before. */
  void append(int step, String name, Table table) throws IOException {
    Files.createDirectories(folder);
    var lines = lines(table, json.createObjectNode().put(MetricsLines.STEP, step));
    try (var file = FileChannel.open(file(name), CREATE, WRITE, APPEND)) {
      for (var bytes = ByteBuffer.wrap(lines); bytes.hasRemaining(); ) {
        file.write(bytes);
      }
      file.force(true);
    }
  }

  private byte[] lines(Table table, ObjectNode beginning) throws IOException {
    var text = new StringBuilder();
    for (var row : table.rows()) {
      var line = beginning.deepCopy();
      for (var column = 0; column < row.size(); column++) {
        line.put(table.columns().get(column), row.get(column));
      }
      text.append(json.writeValueAsString(line)).append('\n');
    }
    return text.toString().getBytes(UTF_8);
  }

  /** Cuts the tables of steps back to the steps before {@code firstStep}. */
  void cut(int firstStep) throws IOException {
    for (var path : files()) {
      if (!isOfRun(path)) {
        try (var file = FileChannel.open(path, READ, WRITE)) {
          MetricsLines.cut(file, firstStep);
        }
      }
    }
  }

  /** Whether the file has a whole line of a table of the run; such a file is never half written. */
  private static boolean isOfRun(Path path) throws IOException {
    var first = new ArrayList<ObjectNode>();
    MetricsLines.read(path, row -> !first.add(row));
    return !first.isEmpty() && !first.getFirst().has(MetricsLines.STEP);
  }

  /** The tables of the run as a whole by their names. */
  SequencedMap<String, Table> ofRun() throws IOException {
    var tables = new TreeMap<String, Table>();
    for (var path : files()) {
      var rows = new ArrayList<ObjectNode>();
      MetricsLines.read(path, rows::add);
      if (!rows.isEmpty() && !rows.getFirst().has(MetricsLines.STEP)) {
        tables.put(name(path), table(rows));
      }
    }
    return tables;
  }

  /** The tables of steps before {@code firstStep} by their names, each step's by its number. */
  SequencedMap<String, SequencedMap<Integer, Table>> ofSteps(int firstStep) throws IOException {
    var tables = new TreeMap<String, SequencedMap<Integer, Table>>();
    for (var path : files()) {
      var steps = new LinkedHashMap<Integer, List<ObjectNode>>();
      MetricsLines.read(
          path,
          firstStep,
          (step, row) -> steps.computeIfAbsent(step, _ -> new ArrayList<>()).add(row));
      if (!steps.isEmpty()) {
        var ofSteps = new TreeMap<Integer, Table>();
        steps.forEach((step, rows) -> ofSteps.put(step, table(rows)));
        tables.put(name(path), ofSteps);
      }
    }
    return tables;
  }

  private static Table table(List<ObjectNode> rows) {
    var columns =
        rows.getFirst().properties().stream()
            .map(Map.Entry::getKey)
            .filter(name -> !name.equals(MetricsLines.STEP))
            .toList();
    return new Table(
        columns,
        rows.stream()
            .map(row -> columns.stream().map(row::path).map(JsonNode::asText).toList())
            .toList());
  }

  private static String name(Path file) {
    var name = String.valueOf(file.getFileName());
    return name.substring(0, name.length() - ENDING.length());
  }

  private List<Path> files() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var files = Files.list(folder)) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).endsWith(ENDING))
          .sorted()
          .toList();
    }
  }
}
