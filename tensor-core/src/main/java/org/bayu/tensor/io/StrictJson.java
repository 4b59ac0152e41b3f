package org.bayu.tensor.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Bayu's JSON reader (RFC 8259), used for every JSON file. It refuses what a lenient reader
 * repairs: invalid UTF-8, a byte order mark, a repeated key, half a surrogate pair, anything after
 * the value. It also refuses what is too large: values nested more than {@value #MAX_DEPTH} deep,
 * numbers of more than {@value #MAX_DIGITS} characters, keys of more than {@value #MAX_KEY} and
 * texts of more than {@value #MAX_TEXT}. Where decimal fractions are read exactly, exponents have
 * {@value #MAX_EXPONENT} digits at most.
 *
 * <p>An error says in plain words what is wrong, and at which line and column.
 *
 * {@snippet :
 * JsonNode tree = StrictJson.read(Path.of("config.json"), mapper::readTree);
 * }
 */
public final class StrictJson {
  /** Objects and arrays may be nested this deep. */
  public static final int MAX_DEPTH = 1000;

  /** Bytes that a file of settings may have: they have some thousands. */
  private static final int MAX_SETTINGS = 10_000_000;

  static final int MAX_DIGITS = 1000;
  static final int MAX_EXPONENT = 9;
  static final int MAX_KEY = 50_000;
  static final int MAX_TEXT = 20_000_000;

  // Names are not interned: they are seen once, and chosen by whoever made the file.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_DIGITS)
                  .maxNameLength(MAX_KEY)
                  .maxStringLength(MAX_TEXT)
                  .build())
          .build();

  /** The beginning of what may be half a surrogate pair: it cannot be written as UTF-8. */
  private static final Pattern SURROGATE = Pattern.compile("\\\\u[dD][89a-fA-F]");

  /** Takes the value from a parser that is before its first token. */
  @FunctionalInterface
  public interface Content<T> {
    /** Reads the whole value and nothing after it. */
    T from(JsonParser parser) throws IOException;
  }

  private StrictJson() {}

  /**
   * The value that a file of settings holds.
   *
   * @throws MalformedFileException if it is not one JSON value in UTF-8, or has more than {@value
   *     #MAX_SETTINGS} bytes
   * @throws IOException if the file cannot be read, or what else {@code content} throws
   */
  public static <T> T read(Path file, Content<T> content) throws IOException {
    return read(file, WholeFile.read(file, MAX_SETTINGS), content);
  }

  /**
   * The value that a file holds.
   *
   * @param bytes all of the file's
   * @throws MalformedFileException if they are not one JSON value in UTF-8
   */
  public static <T> T read(Path file, byte[] bytes, Content<T> content) throws IOException {
    return read(file, "", bytes, content);
  }

  /**
   * The same of a part of a file.
   *
   * @param part what the bytes are, with a space behind it, for messages: "the header "
   */
  static <T> T read(Path file, String part, byte[] bytes, Content<T> content) throws IOException {
    try {
      return parse(text(file, part, bytes), content);
    } catch (InvalidJsonException e) {
      throw new MalformedFileException(file, part + e.getMessage(), e);
    }
  }

  /**
   * The text of a file of settings, in UTF-8.
   *
   * @throws MalformedFileException if it is not UTF-8, or has more than {@value #MAX_SETTINGS}
   *     bytes
   * @throws IOException if the file cannot be read
   */
  public static String text(Path file) throws IOException {
    return text(file, WholeFile.read(file, MAX_SETTINGS));
  }

  /**
   * The text of a file in UTF-8.
   *
   * @throws MalformedFileException if it is not UTF-8, or a pointer of Git LFS
   */
  public static String text(Path file, byte[] bytes) throws MalformedFileException {
    return text(file, "", bytes);
  }

  private static String text(Path file, String part, byte[] bytes) throws MalformedFileException {
    GitLfs.refusePointer(file, bytes);
    var buffer = ByteBuffer.wrap(bytes);
    try {
      // A decoder made by newDecoder() reports malformed input instead of replacing it.
      return StandardCharsets.UTF_8.newDecoder().decode(buffer).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedFileException(
          file, part + "is not valid UTF-8 at byte " + buffer.position(), e);
    }
  }

  /**
   * The value that a text is.
   *
   * @throws InvalidJsonException if it is not one JSON value
   * @throws IOException whatever else {@code content} throws
   */
  public static <T> T parse(String text, Content<T> content) throws IOException {
    refuseIf(text, text.startsWith("\ufeff") || text.isBlank());
    refuseIf(text, SURROGATE.matcher(text).find());
    try (var parser = FACTORY.createParser(text)) {
      var value = content.from(parser);
      if (parser.nextToken() != null) {
        throw JsonFault.of(text, null);
      }
      return value;
    } catch (JsonProcessingException | NumberFormatException e) { // the latter for an exponent
      throw JsonFault.of(text, e);
    }
  }

  private static void refuseIf(String text, boolean suspicious) throws InvalidJsonException {
    var fault = suspicious ? JsonFault.find(text) : null;
    if (fault != null) {
      throw fault.exception(text, null);
    }
  }
}
