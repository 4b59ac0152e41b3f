package org.bayu.train.track.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads a message in the wire format of protocol buffers, field by field: {@link #next}, and then
 * one value or none.
 */
public final class ProtobufReader {
  private final ByteBuffer in;
  private int field;
  private int type;
  private boolean taken = true;

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

  /**
   * Goes to the next field; the value of the last one is passed over if it was not taken.
   *
   * @throws java.nio.BufferUnderflowException if the message ends in the middle
   * @throws IllegalArgumentException if it is none
   */
  public boolean next() {
    if (!taken) {
      skip();
    }
    if (!in.hasRemaining()) {
      return false;
    }
    var tag = varint();
    field = (int) (tag >>> 3);
    type = (int) (tag & 7);
    taken = false;
    return true;
  }

  /** The number of the field. */
  public int field() {
    return field;
  }

  /** The value of an integer field. */
  public long number() {
    expect(0);
    return varint();
  }

  /** The value of a double field. */
  public double float64() {
    expect(1);
    return in.getDouble();
  }

  /** The value of a float field. */
  public float float32() {
    expect(5);
    return in.getFloat();
  }

  /** The value of a string field. */
  public String text() {
    return new String(bytes(), UTF_8);
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
    expect(2);
    var length = varint();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException("a field of " + length + " bytes");
    }
    var slice = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return slice;
  }

  private void expect(int expected) {
    if (taken || type != expected) {
      throw new IllegalArgumentException("field " + field + " has another type");
    }
    taken = true;
  }

  private void skip() {
    switch (type) {
      case 0 -> number();
      case 1 -> float64();
      case 2 -> slice();
      case 5 -> float32();
      default -> throw new IllegalArgumentException("field " + field + " of type " + type);
    }
  }

  private long varint() {
    var value = 0L;
    for (var shift = 0; shift < Long.SIZE; shift += 7) {
      var b = in.get();
      value |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number of more than ten bytes");
  }
}
