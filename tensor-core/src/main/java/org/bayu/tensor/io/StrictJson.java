package org.bayu.tensor.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A pull parser that refuses what a lenient reader repairs: invalid UTF-8, lone surrogates, more
 * than one document, deep nesting, numbers that are not plain counts. It says of what it refuses
 * where in which file.
 *
 * <p>Reads tokens in order; the caller knows the grammar and looks for duplicate keys.
 */
final class StrictJson implements AutoCloseable {
  /** Objects and arrays may be nested this deep. */
  static final int MAX_DEPTH = 128;

  private static final int QUOTED_LENGTH = 200;
  private static final BigInteger LARGEST = BigInteger.valueOf(Long.MAX_VALUE);

  // Names are not interned: they are seen once, and chosen by whoever made the file.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private final Path file;
  private final String part;
  private final JsonParser parser;

  /**
   * A parser of {@code json}.
   *
   * @param part what {@code json} is of {@code file}, for messages: "the header"
   */
  StrictJson(Path file, String part, byte[] json) throws IOException {
    this.file = file;
    this.part = part;
    // A decoder made by newDecoder() reports malformed input instead of replacing it.
    parser =
        FACTORY.createParser(
            new InputStreamReader(
                new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder()));
  }

  /** The next token; the end of the text within the document is refused. */
  JsonToken next() throws IOException {
    var token = advance();
    if (token == null) {
      throw refuse(part + " ends within its JSON");
    }
    return token;
  }

  /** Refuses anything but white space after the document. */
  void end() throws IOException {
    if (advance() != null) {
      throw refuse(part + " has more than one JSON document");
    }
  }

  private @Nullable JsonToken advance() throws IOException {
    try {
      var token = parser.nextToken();
      if (token == JsonToken.VALUE_STRING || token == JsonToken.FIELD_NAME) {
        if (hasLoneSurrogate(parser.getText())) {
          throw refuse("%s has a lone surrogate in %s".formatted(part, quote(parser.getText())));
        }
      }
      return token;
    } catch (StreamConstraintsException e) {
      throw refuse("%s exceeds a limit: %s".formatted(part, oneLine(e.getOriginalMessage())), e);
    } catch (JsonProcessingException e) {
      throw refuse(
          String.format(
              Locale.ROOT,
              "%s is not valid JSON at character %d: %s",
              part,
              e.getLocation().getCharOffset(),
              oneLine(e.getOriginalMessage())),
          e);
    } catch (CharacterCodingException e) {
      throw refuse(part + " is not valid UTF-8", e);
    }
  }

  /** The text of the string, field name or number just read. */
  String text() throws IOException {
    return parser.getText();
  }

  /** Reads over the value that begins with the token just read. */
  void skip() throws IOException {
    var depth = 0;
    var token = parser.currentToken();
    while (true) {
      if (token.isStructStart()) {
        depth++;
      } else if (token.isStructEnd()) {
        depth--;
      }
      if (depth == 0) {
        return;
      }
      token = next();
    }
  }

  /**
   * The value of the token just read, which must be a whole number from 0 to 2⁶³ − 1, written
   * without sign, fraction and exponent.
   *
   * @param what names the number in messages
   */
  long count(String what) throws IOException {
    var token = parser.currentToken();
    var text = parser.getText();
    if (token == null || !token.isNumeric()) {
      throw refuse("%s is not a number".formatted(what));
    }
    if (token != JsonToken.VALUE_NUMBER_INT || text.startsWith("-")) {
      throw refuse("%s is %s, not a whole number from 0".formatted(what, abbreviate(text)));
    }
    if (text.length() >= 19 && new BigInteger(text).compareTo(LARGEST) > 0) {
      throw refuse("%s is %s, more than any file holds".formatted(what, abbreviate(text)));
    }
    return Long.parseLong(text);
  }

  /** What the caller throws because of {@code reason}. */
  MalformedFileException refuse(String reason) {
    return refuse(reason, null);
  }

  /** The same, with what was thrown below. */
  MalformedFileException refuse(String reason, @Nullable Throwable cause) {
    return new MalformedFileException(file, reason, cause);
  }

  @Override
  public void close() throws IOException {
    parser.close();
  }

  /** Whether {@code text} cannot be written as UTF-8. */
  static boolean hasLoneSurrogate(String text) {
    return text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
  }

  /** {@code text} in quotes on one line of bearable length. */
  static String quote(String text) {
    return '"' + abbreviate(oneLine(text)) + '"';
  }

  /** {@code text} cut to a bearable length. */
  static String abbreviate(String text) {
    return text.length() <= QUOTED_LENGTH ? text : text.substring(0, QUOTED_LENGTH) + "…";
  }

  private static String oneLine(String text) {
    var line = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE) {
                line.append(String.format(Locale.ROOT, "\\u%04x", c));
              } else {
                line.appendCodePoint(c);
              }
            });
    return line.toString();
  }
}
