package org.bayu.finetune.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.bayu.finetune.UserException;
import org.jspecify.annotations.Nullable;

/**
 * JSON Lines: one JSON object a line, UTF-8, plain or gzip (told by its first two bytes, whatever
 * the file's name). Empty lines and a byte order mark are passed over.
 */
public final class JsonLines {
  private static final ObjectReader JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readerFor(JsonNode.class);

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
   * @throws UserException that names file, line and reason if a line is bad, if the file is damaged
   *     gzip, or if no line is left
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
        file, skipBadRows, "Mend the line, or pass over bad ones with --skip_bad_rows.", handler);
  }

  private static Report read(Path file, boolean skipBadRows, String advice, Handler handler)
      throws IOException {
    var rows = 0;
    var skipped = 0;
    String firstSkipped = null;
    try (var in = open(file)) {
      var lineNumber = 0;
      for (var line = readLine(in); line != null; line = readLine(in)) {
        lineNumber++;
        try {
          var text = decode(line, lineNumber);
          if (!text.isBlank()) {
            handler.accept(parse(text));
            rows++;
          }
        } catch (BadRowException e) {
          var where = String.format(Locale.ROOT, "%s, line %d: %s", file, lineNumber, e.reason());
          if (!skipBadRows) {
            throw UserException.inputFile(where + ". " + advice);
          }
          skipped++;
          firstSkipped = firstSkipped == null ? where : firstSkipped;
        }
      }
    } catch (ZipException | EOFException e) {
      throw UserException.inputFile(
          "%s: damaged gzip file (%s). Make it anew.".formatted(file, e.getMessage()));
    }
    if (rows == 0) {
      throw UserException.inputFile(
          skipped == 0
              ? file + ": the file has no rows."
              : String.format(
                  Locale.ROOT,
                  "%s: all %d rows are bad; the first is %s.",
                  file,
                  skipped,
                  firstSkipped));
    }
    return new Report(rows, skipped, firstSkipped);
  }

  private static InputStream open(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw UserException.inputFile(file + ": a folder, where a JSON Lines file is expected.");
    }
    var in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    try {
      in.mark(2);
      var gzip = in.read() == 0x1f && in.read() == 0x8b;
      in.reset();
      return gzip ? new BufferedInputStream(new GZIPInputStream(in, 1 << 16), 1 << 16) : in;
    } catch (Throwable e) {
      in.close();
      throw e;
    }
  }

  private static byte @Nullable [] readLine(InputStream in) throws IOException {
    var b = in.read();
    if (b < 0) {
      return null;
    }
    var line = new ByteArrayOutputStream(256);
    while (b >= 0 && b != '\n') {
      line.write(b);
      b = in.read();
    }
    return line.toByteArray();
  }

  private static String decode(byte[] line, int lineNumber) throws BadRowException {
    try {
      var text = UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
      return lineNumber == 1 && text.startsWith("\ufeff") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new BadRowException("not UTF-8 text");
    }
  }

  private static ObjectNode parse(String line) throws BadRowException {
    try {
      JsonNode node = JSON.readValue(line);
      if (node instanceof ObjectNode row) {
        return row;
      }
      throw new BadRowException(
          "a JSON object is expected, not %s"
              .formatted(node.getNodeType().name().toLowerCase(Locale.ROOT)));
    } catch (JsonProcessingException e) {
      // Jackson ends some messages with where the text came from, which is always this one line.
      var reason = e.getOriginalMessage().replaceAll("(?s)\\s*\\(start marker at.*|\\n.*", "");
      throw new BadRowException(
          line.startsWith("[")
              ? "a JSON object is expected, one a line, not an array"
              : String.format(
                  Locale.ROOT, "not JSON (%s, column %d)", reason, e.getLocation().getColumnNr()));
    }
  }
}
