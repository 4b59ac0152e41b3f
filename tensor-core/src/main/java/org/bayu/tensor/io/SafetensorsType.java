package org.bayu.tensor.io;

import java.util.HashMap;
import java.util.Map;
import org.bayu.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * The element types of the safetensors format, in the order in which the reference implementation
 * sorts them.
 *
 * @see <a href="https://github.com/huggingface/safetensors">the format's definition</a>
 */
enum SafetensorsType {
  BOOL(8),
  F4(4),
  F6_E2M3(6),
  F6_E3M2(6),
  U8(8),
  I8(8),
  F8_E5M2(8),
  F8_E4M3(8),
  F8_E8M0(8),
  I16(16),
  U16(16),
  F16(16),
  BF16(16),
  I32(32),
  U32(32),
  F32(32),
  C64(64),
  F64(64),
  I64(64),
  U64(64);

  private static final Map<String, SafetensorsType> BY_NAME = new HashMap<>();

  static {
    for (var type : values()) {
      BY_NAME.put(type.name(), type);
    }
  }

  /** Bits of one element. */
  final int bits;

  SafetensorsType(int bits) {
    this.bits = bits;
  }

  /** The type written as {@code name}, or null. */
  static @Nullable SafetensorsType byName(String name) {
    return BY_NAME.get(name);
  }

  /** The type that Bayu computes with, or null where it only carries the bytes. */
  @Nullable DType dtype() {
    return switch (this) {
      case F32 -> DType.F32;
      case BF16 -> DType.BF16;
      case F16 -> DType.F16;
      case I32 -> DType.I32;
      default -> null;
    };
  }
}
