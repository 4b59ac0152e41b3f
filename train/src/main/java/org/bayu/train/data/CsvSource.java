package org.bayu.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.io.Printable;
import org.bayu.train.TrainException;
import org.jspecify.annotations.Nullable;

/**
 * Comma-separated values as RFC 4180 writes them. The first record names the fields, and every
 * value is text. A field may stand in double quotes, inside which commas and line ends are text and
 * a quote is written twice. Lines end in LF or CRLF; the text is UTF-8, plain or gzip, a byte order
 * mark is passed over. A field has {@value #MAX_FIELD} characters at most, so that a quote left
 * open is found before the file's end, and a record {@value #MAX_FIELDS} fields.
 */
final class CsvSource implements RowSource {
  private static final int END = -1;
  private static final String QUOTES = "Close quoted fields, and write a quote inside one twice.";
  private static final int MAX_FIELD = 10_000_000;
  private static final int MAX_FIELDS = 1000;

  private final Path file;
  private final BufferedReader in;
  private int line = 1;
  private int recordLine = 1;
  private final List<String> names;

  CsvSource(Path file) throws IOException {
    this.file = file;
    // A strict decoder: malformed bytes are an error, not question marks.
    in =
        new BufferedReader(
            new InputStreamReader(
                DataFile.open(file, RowFile.Text.CSV.toString()), UTF_8.newDecoder()));
    try {
      in.mark(1);
      if (in.read() != '\ufeff') {
        in.reset();
      }
      names = names(record());
    } catch (Throwable e) {
      in.close();
      throw e;
    }
  }

  private List<String> names(@Nullable List<String> header) {
    if (header == null) {
      throw TrainException.inputFile(
          file + ": the file is empty. Give CSV, whose first line names the fields.");
    }
    for (var i = 0; i < header.size(); i++) {
      if (header.indexOf(header.get(i)) < i) {
        throw bad(
            "the field '" + Printable.name(header.get(i)) + "' is there twice",
            "Rename or remove one.");
      }
    }
    return header;
  }

  @Override
  public @Nullable ObjectNode next() throws BadRowException, IOException {
    var values = record();
    if (values == null) {
      return null;
    }
    if (values.size() != names.size()) {
      throw new BadRowException(
          "%s fields, where the header has %s".formatted(values.size(), names.size()));
    }
    var row = JsonNodeFactory.instance.objectNode();
    for (var i = 0; i < values.size(); i++) {
      row.put(names.get(i), values.get(i));
    }
    return row;
  }

  /** The next record's fields, or null behind the last; empty lines are passed over. */
  private @Nullable List<String> record() throws IOException {
    var c = in.read();
    while (c == '\n' || c == '\r') {
      line += c == '\n' ? 1 : 0;
      c = in.read();
    }
    if (c == END) {
      return null;
    }
    recordLine = line;
    var fields = new ArrayList<String>();
    var field = new StringBuilder();
    while (true) {
      c = c == '"' ? quoted(field) : plain(c, field);
      fields.add(field.toString());
      field.setLength(0);
      if (fields.size() > MAX_FIELDS) {
        throw bad("more than " + MAX_FIELDS + " fields", QUOTES);
      }
      if (c != ',') {
        break;
      }
      c = in.read();
    }
    line++;
    return fields;
  }

  /** The line on which the last record began, from 1. */
  @Override
  public String place() {
    return "line " + recordLine;
  }

  /** Reads a field whose first character is c; returns the character behind it. */
  private int plain(int c, StringBuilder field) throws IOException {
    while (c != ',' && c != '\n' && c != END) {
      if (c == '"') {
        throw bad("a quote inside a field that does not begin with one", QUOTES);
      }
      append(field, c);
      c = in.read();
    }
    if (c != ',' && !field.isEmpty() && field.charAt(field.length() - 1) == '\r') {
      field.setLength(field.length() - 1);
    }
    if (field.indexOf("\r") >= 0) {
      throw loneReturn();
    }
    return c;
  }

  /** Reads a field behind its opening quote; returns the character behind the closing one. */
  private int quoted(StringBuilder field) throws IOException {
    while (true) {
      var c = in.read();
      if (c == END) {
        throw bad("a quoted field is not closed", QUOTES);
      }
      if (c == '\n') {
        line++;
      }
      if (c != '"') {
        append(field, c);
        continue;
      }
      c = in.read();
      if (c == '"') {
        field.append('"');
        continue;
      }
      if (c == '\r') {
        c = in.read();
        if (c != '\n' && c != END) {
          throw loneReturn();
        }
      }
      if (c != ',' && c != '\n' && c != END) {
        throw bad("text behind the closing quote of a field", QUOTES);
      }
      return c;
    }
  }

  private void append(StringBuilder field, int c) {
    if (field.length() == MAX_FIELD) {
      throw bad("a field is longer than " + MAX_FIELD + " characters", QUOTES);
    }
    field.append((char) c);
  }

  private TrainException loneReturn() {
    return bad(
        "lines that end in CR alone", "End them in LF, for instance with tr '\\r' '\\n' < F > G.");
  }

  private TrainException bad(String reason, String advice) {
    return TrainException.inputFile(
        String.format(Locale.ROOT, "%s, line %d: %s. %s", file, recordLine, reason, advice));
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
