package org.bayu.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import org.bayu.tensor.io.InvalidJsonException;
import org.bayu.tensor.io.StrictJson;
import org.jspecify.annotations.Nullable;

/**
 * JSON Lines: one JSON object on each line, UTF-8. Lines end in LF or CRLF and have at most {@value
 * #MAX_LINE} bytes. Empty lines and a byte order mark are skipped.
 */
final class JsonLinesSource implements RowSource {
  private static final int MAX_LINE = 64 << 20;

  private static final JsonMapper JSON = new JsonMapper();

  private final InputStream in;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 12);
  private boolean tooLong;
  private int line;

  /** Whether no line came before this one that is not empty: what the file is shows there. */
  private boolean first = true;

  JsonLinesSource(Path file) throws IOException {
    in = DataFile.open(file, RowFile.Text.JSON_LINES.toString());
  }

  @Override
  public @Nullable ObjectNode next() throws BadRowException, IOException {
    while (readLine()) {
      line++;
      var text = text();
      if (line == 1 && text.startsWith("\ufeff")) {
        text = text.substring(1);
      }
      if (!text.isBlank()) {
        var isFirst = first;
        first = false;
        return parse(text, isFirst);
      }
    }
    return null;
  }

  @Override
  public String place() {
    return "line " + line;
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

  /** Reads the next line, without its LF; false at the end of the file. */
  private boolean readLine() throws IOException {
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

  private String text() throws BadRowException {
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

  @Override
  public void close() throws IOException {
    in.close();
  }
}
