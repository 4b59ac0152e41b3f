package org.bayu.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.ZipException;
import org.bayu.tensor.io.InvalidJsonException;
import org.bayu.tensor.io.StrictJson;
import org.bayu.train.TrainException;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON Lines: one JSON object on each line, UTF-8, plain or gzip (recognized by its first two
 * bytes, not by the file's name). Lines end in LF or CRLF and have at most {@value #MAX_LINE}
 * bytes. Empty lines and a byte order mark are skipped.
 */
public final class JsonLines {
  /** What a file is to be, for messages. */
  static final String NAME = "JSON Lines";

  private static final int MAX_LINE = 64 << 20;

  private static final JsonMapper JSON = new JsonMapper();

  /** Takes one line's object. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Called line by line, in the file's order.
     *
     * @throws BadRowException if the object is of no use
     */
    void accept(ObjectNode row) throws BadRowException, IOException;
  }

  /**
   * What came of reading a file.
   *
   * @param rows lines that the handler took
   * @param skipped bad lines passed over
   * @param firstSkipped file, line and reason of the first of them; null if there are none
   */
  public record Report(int rows, int skipped, @Nullable String firstSkipped) {}

  private JsonLines() {}

  /**
   * Hands each line's object to the handler.
   *
   * @throws TrainException that names file, line and reason if a line is bad, if the file is
   *     damaged gzip or of another kind, or if no line is left
   */
  public static void read(Path file, Handler handler) throws IOException {
    read(file, false, "Mend or remove the line.", handler);
  }

  /**
   * As above, for rows that can do without some.
   *
   * @param skipBadRows whether a bad line is counted and passed over instead of being an error
   */
  public static Report read(Path file, boolean skipBadRows, Handler handler) throws IOException {
    return read(
        file,
        skipBadRows,
        "Mend or remove the line; training can pass over bad ones (skip_bad_rows: true).",
        handler);
  }

  private static Report read(Path file, boolean skipBadRows, String advice, Handler handler)
      throws IOException {
    var rows = 0;
    var skipped = 0;
    String firstSkipped = null;
    String firstAdvice = null;
    try (var in = DataFile.open(file, NAME)) {
      var line = new Line();
      for (var number = 1; line.read(in); number++) {
        try {
          var text = line.text();
          if (number == 1 && text.startsWith("\ufeff")) {
            text = text.substring(1);
          }
          if (!text.isBlank()) {
            handler.accept(parse(text, rows + skipped == 0));
            rows++;
          }
        } catch (BadRowException e) {
          var where = String.format(Locale.ROOT, "%s, line %d: %s", file, number, e.reason());
          if (!skipBadRows) {
            throw TrainException.inputFile(
                where + ". " + (e.advice() == null ? advice : e.advice()));
          }
          if (skipped == 0) {
            firstSkipped = where;
            firstAdvice = e.advice();
          }
          skipped++;
        }
      }
    } catch (ZipException | EOFException e) {
      throw DataFile.damagedGzip(file, e);
    }
    if (rows == 0) {
      throw TrainException.inputFile(
          skipped == 0
              ? file + ": there are no rows in it."
              : "%s: no row can be used; the first is %s.%s"
                  .formatted(file, firstSkipped, firstAdvice == null ? "" : " " + firstAdvice));
    }
    return new Report(rows, skipped, firstSkipped);
  }

  private static ObjectNode parse(String line, boolean first) throws BadRowException, IOException {
    JsonNode node;
    try {
      node = StrictJson.parse(line, JSON::readTree);
    } catch (InvalidJsonException e) {
      throw NotJsonLines.explain(line, first, e);
    }
    if (node instanceof ObjectNode row) {
      return row;
    }
    throw node.isArray()
        ? NotJsonLines.array(first)
        : new BadRowException("a JSON object is expected, not " + RowReader.kind(node));
  }

  /** A line of the file, without its LF. */
  private static final class Line {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 12);
    private boolean tooLong;

    /** Reads the next one; false at the end of the file. */
    boolean read(InputStream in) throws IOException {
      bytes.reset();
      tooLong = false;
      var b = in.read();
      if (b < 0) {
        return false;
      }
      for (; b >= 0 && b != '\n'; b = in.read()) {
        if (bytes.size() < MAX_LINE) {
          bytes.write(b);
        } else {
          tooLong = true;
        }
      }
      return true;
    }

    String text() throws BadRowException {
      if (tooLong) {
        throw new BadRowException("the line is longer than " + (MAX_LINE >> 20) + " MB");
      }
      var buffer = ByteBuffer.wrap(bytes.toByteArray());
      try {
        return UTF_8.newDecoder().decode(buffer).toString();
      } catch (CharacterCodingException e) {
        throw new BadRowException(
            "not UTF-8 text at byte " + (buffer.position() + 1) + " of the line",
            "Convert the file to UTF-8, or mend the line.");
      }
    }
  }
}
