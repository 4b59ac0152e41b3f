package org.bayu.tensor.io;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/**
 * A message in the wire format of protocol buffers, written field by field. A field of a default
 * value (zero, empty) is left out, as in proto3.
 */
public final class ProtobufWriter {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH = 2;
  private static final int FIXED32 = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** An empty message. */
  public ProtobufWriter() {}

  /** An int32, int64, uint32, bool or enum. */
  public ProtobufWriter number(int field, long value) {
    if (value != 0) {
      tag(field, VARINT);
      varint(value);
    }
    return this;
  }

  /** The number zero, false or the first value of an enum, where another one is the default. */
  public ProtobufWriter zero(int field) {
    tag(field, VARINT);
    varint(0);
    return this;
  }

  /** A double. */
  public ProtobufWriter float64(int field, double value) {
    var bits = Double.doubleToLongBits(value);
    if (bits != 0) {
      tag(field, FIXED64);
      little(bits, Long.BYTES);
    }
    return this;
  }

  /** A float of a oneof, which is written whatever it is. */
  public ProtobufWriter float32(int field, float value) {
    tag(field, FIXED32);
    little(Float.floatToIntBits(value), Float.BYTES);
    return this;
  }

  /** A string. */
  public ProtobufWriter text(int field, String value) {
    return value.isEmpty() ? this : bytes(field, value.getBytes(UTF_8));
  }

  /** A message, or bytes that are written even if there are none. */
  public ProtobufWriter bytes(int field, byte[] value) {
    tag(field, LENGTH);
    varint(value.length);
    out.writeBytes(value);
    return this;
  }

  /** A message, which is there even if it is empty. */
  public ProtobufWriter message(int field, ProtobufWriter value) {
    return bytes(field, value.toBytes());
  }

  /** The message. */
  public byte[] toBytes() {
    return out.toByteArray();
  }

  private void tag(int field, int type) {
    varint(((long) field << 3) | type);
  }

  private void varint(long value) {
    var rest = value;
    for (; (rest & ~0x7FL) != 0; rest >>>= 7) {
      out.write((int) ((rest & 0x7F) | 0x80));
    }
    out.write((int) rest);
  }

  private void little(long bits, int bytes) {
    for (var i = 0; i < bytes; i++) {
      out.write((int) (bits >>> (8 * i)));
    }
  }
}
