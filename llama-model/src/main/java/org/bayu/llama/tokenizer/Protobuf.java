package org.bayu.llama.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.bayu.tensor.io.MalformedFileException;

/**
 * Goes through the fields of one protobuf message: {@link #next()}, then the value in the type that
 * the field has. A value that is not asked for is skipped. Source: protobuf's "Encoding" page.
 */
final class Protobuf {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final Path file;
  private final ByteBuffer message;
  private int field;
  private int wireType;
  private boolean open;

  Protobuf(Path file, ByteBuffer message) {
    this.file = file;
    this.message = message.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Goes to the next field; false at the end of the message. */
  boolean next() throws MalformedFileException {
    if (open) {
      skip();
    }
    if (!message.hasRemaining()) {
      return false;
    }
    long key = rawVarint();
    field = (int) (key >>> 3);
    wireType = (int) (key & 7);
    if (key >>> 3 == 0 || key >>> 3 > 0x1FFF_FFFF) {
      throw malformed("a field has the number " + (key >>> 3));
    }
    open = true;
    return true;
  }

  int field() {
    return field;
  }

  long varint() throws MalformedFileException {
    expect(VARINT);
    return rawVarint();
  }

  boolean bool() throws MalformedFileException {
    return varint() != 0;
  }

  float float32() throws MalformedFileException {
    expect(FIXED32);
    require(Float.BYTES);
    return message.getFloat();
  }

  String string() throws MalformedFileException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes()).toString();
    } catch (CharacterCodingException e) {
      throw malformed("a string is not valid UTF-8");
    }
  }

  Protobuf message() throws MalformedFileException {
    return new Protobuf(file, bytes());
  }

  /** A view of the bytes of a string, of bytes, or of a message. */
  ByteBuffer bytes() throws MalformedFileException {
    expect(BYTES);
    int length = length();
    var bytes = message.slice(message.position(), length);
    message.position(message.position() + length);
    return bytes;
  }

  private void skip() throws MalformedFileException {
    switch (wireType) {
      case VARINT -> varint();
      case BYTES -> bytes();
      case FIXED64, FIXED32 -> {
        open = false;
        int size = wireType == FIXED64 ? Long.BYTES : Integer.BYTES;
        require(size);
        message.position(message.position() + size);
      }
      default -> throw malformed("field " + field + " has the wire type " + wireType);
    }
  }

  private int length() throws MalformedFileException {
    long length = rawVarint();
    if (length < 0 || length > message.remaining()) {
      throw malformed("field " + field + " is cut short");
    }
    return (int) length;
  }

  private long rawVarint() throws MalformedFileException {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      require(1);
      byte b = message.get();
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw malformed("an integer has more than ten bytes");
  }

  private void expect(int type) throws MalformedFileException {
    if (wireType != type) {
      throw malformed("field " + field + " has the wire type " + wireType + ", not " + type);
    }
    open = false;
  }

  private void require(int bytes) throws MalformedFileException {
    if (message.remaining() < bytes) {
      throw malformed("the file is cut short");
    }
  }

  private MalformedFileException malformed(String reason) {
    return new MalformedFileException(file, "is not a SentencePiece model: " + reason);
  }
}
