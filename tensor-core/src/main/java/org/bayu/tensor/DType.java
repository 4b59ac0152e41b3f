package org.bayu.tensor;

/** The type of a tensor's elements, little-endian in memory. */
public enum DType {
  /** IEEE 754 binary32. */
  F32(4),
  /** bfloat16: the upper half of a binary32. */
  BF16(2),
  /** IEEE 754 binary16. */
  F16(2),
  /** Signed 32-bit integer: token ids, indices. */
  I32(4),
  /** Unsigned 8-bit integer: codes of a code book. */
  U8(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
