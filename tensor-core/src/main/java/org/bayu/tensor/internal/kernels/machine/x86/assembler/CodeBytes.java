package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import java.util.Arrays;

/** The bytes of the code so far, and how an instruction's operands are written into them. */
final class CodeBytes {
  private byte[] bytes = new byte[1024];
  private int size;

  int size() {
    return size;
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  /** Appends the low byte. */
  void put(int value) {
    if (size == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * size);
    }
    bytes[size++] = (byte) value;
  }

  /** Appends an operand of one byte without a sign. */
  void putImmediate(int value) {
    if (value != (value & 0xFF)) {
      throw new IllegalArgumentException(value + " is not 0 to 255");
    }
    put(value);
  }

  void putInt(int value) {
    for (var shift = 0; shift < 32; shift += 8) {
      put(value >> shift);
    }
  }

  void putLong(long value) {
    putInt((int) value);
    putInt((int) (value >> 32));
  }

  void setInt(int position, int value) {
    for (var i = 0; i < 4; i++) {
      bytes[position + i] = (byte) (value >> (8 * i));
    }
  }

  /** A ModRM byte with two registers. */
  void modRm(int reg, int rm) {
    put(0xC0 | (reg & 7) << 3 | (rm & 7));
  }

  /**
   * A ModRM byte with what follows it for an address.
   *
   * @param unit a displacement that is -128 to 127 times this takes one byte: 1 before EVEX
   */
  void modRm(int reg, Address address, int unit) {
    var displacement = address.displacement();
    var low = address.base().number() & 7;
    var isSmall = displacement % unit == 0 && isByte(displacement / unit);
    // rbp and r13 without a displacement would mean another mode; rsp and r12 need the SIB byte.
    var mode = displacement == 0 && low != 5 ? 0 : isSmall ? 1 : 2;
    var hasSib = address.index() != null || low == 4;
    put(mode << 6 | (reg & 7) << 3 | (hasSib ? 4 : low));
    if (hasSib) {
      var index = address.index() == null ? 4 : address.indexNumber() & 7;
      put(Integer.numberOfTrailingZeros(address.scale()) << 6 | index << 3 | low);
    }
    if (mode == 1) {
      put(displacement / unit);
    } else if (mode == 2) {
      putInt(displacement);
    }
  }

  static boolean isByte(int value) {
    return value == (byte) value;
  }
}
