package org.bayu.tensor.io;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file's JSON read token by token, for those who know the grammar. */
record JsonTokens(Path file, JsonParser parser) {
  private static final BigInteger LARGEST = BigInteger.valueOf(Long.MAX_VALUE);

  /** The next token within a value that has begun; its end within is refused by the parser. */
  JsonToken next() throws IOException {
    var token = parser.nextToken();
    if (token == null) {
      throw refuse("ends within its JSON");
    }
    return token;
  }

  /** The text of the string, field name or number just read. */
  String text() throws IOException {
    return parser.getText();
  }

  /** Reads over the value that begins with the next token. */
  void skip() throws IOException {
    next();
    parser.skipChildren();
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
      throw refuse(what + " is not a number");
    }
    if (token != JsonToken.VALUE_NUMBER_INT || text.startsWith("-")) {
      throw refuse(what + " is " + Printable.name(text) + ", not a whole number from 0");
    }
    if (text.length() >= 19 && new BigInteger(text).compareTo(LARGEST) > 0) {
      throw refuse(what + " is " + Printable.name(text) + ", more than any file holds");
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
}
