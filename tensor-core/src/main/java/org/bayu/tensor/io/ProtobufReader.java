package org.bayu.tensor.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads a message in the wire format of protocol buffers, field by field: {@link #next}, then the
 * value in the type that the field has. A value that is not asked for is passed over. Source:
 * protobuf's page "Encoding".
 *
 * <p>Where the bytes are no such message, or a field has another type than is asked for, every
 * method throws an {@link IllegalArgumentException} with the reason, without a full stop.
 */
public final class ProtobufReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;
  private static final long MAX_FIELD = 0x1FFF_FFFF;

  private final ByteBuffer in;
  private int field;
  private int type;
  private boolean open;

  /**
   * Reads a message.
   *
   * @param message not copied
   */
  public ProtobufReader(byte[] message) {
    this(ByteBuffer.wrap(message));
  }

  private ProtobufReader(ByteBuffer in) {
    this.in = in.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Goes to the next field; false at the end of the message. */
  public boolean next() {
    if (open) {
      skip();
    }
    if (!in.hasRemaining()) {
      return false;
    }
    var key = varint();
    if (key >>> 3 == 0 || key >>> 3 > MAX_FIELD) {
      throw new IllegalArgumentException("a field has the number " + (key >>> 3));
    }
    field = (int) (key >>> 3);
    type = (int) (key & 7);
    open = true;
    return true;
  }

  /** The number of the field. */
  public int field() {
    return field;
  }

  /** The value of an integer or enum field. */
  public long number() {
    expect(VARINT);
    return varint();
  }

  /** The value of a field of truth values. */
  public boolean bool() {
    return number() != 0;
  }

  /** The value of a double field. */
  public double float64() {
    expect(FIXED64);
    require(Double.BYTES);
    return in.getDouble();
  }

  /** The value of a float field. */
  public float float32() {
    expect(FIXED32);
    require(Float.BYTES);
    return in.getFloat();
  }

  /** The value of a string field. */
  public String text() {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(slice()).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("a string is not valid UTF-8", e);
    }
  }

  /** The value of a field of bytes. */
  public byte[] bytes() {
    var slice = slice();
    var bytes = new byte[slice.remaining()];
    slice.get(bytes);
    return bytes;
  }

  /** A reader of the field's message. */
  public ProtobufReader message() {
    return new ProtobufReader(slice());
  }

  private ByteBuffer slice() {
    expect(BYTES);
    var length = varint();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException("field " + field + " is cut short");
    }
    var slice = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return slice;
  }

  private void skip() {
    switch (type) {
      case VARINT -> number();
      case FIXED64 -> float64();
      case BYTES -> slice();
      case FIXED32 -> float32();
      default ->
          throw new IllegalArgumentException("field " + field + " has the wire type " + type);
    }
  }

  private void expect(int expected) {
    if (!open || type != expected) {
      throw new IllegalArgumentException(
          "field " + field + " has the wire type " + type + ", not " + expected);
    }
    open = false;
  }

  private long varint() {
    var value = 0L;
    for (var shift = 0; shift < Long.SIZE; shift += 7) {
      require(1);
      var b = in.get();
      value |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("an integer has more than ten bytes");
  }

  private void require(int bytes) {
    if (in.remaining() < bytes) {
      throw new IllegalArgumentException("the file is cut short");
    }
  }
}
