package org.bayu.tensor;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.OptionalLong;
import org.bayu.tensor.io.Printable;

/** A tensor that must hold numbers holds something infinite or no number. The message names it. */
public final class NonFiniteTensorException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = 1 << 14;

  private NonFiniteTensorException(String message) {
    super(message);
  }

  /**
   * Refuses a tensor with an infinite element or one that is no number. Takes about as long as
   * reading its memory.
   *
   * @param name for the message
   * @throws NonFiniteTensorException if it has one: "tensor name holds NaN"
   */
  public static void check(String name, Tensor tensor) {
    var index = first(tensor);
    if (index.isPresent()) {
      throw new NonFiniteTensorException(
          String.format(
              Locale.ROOT,
              "tensor %s holds %s",
              Printable.name(name),
              tensor.getFloat(index.getAsLong())));
    }
  }

  /** Index of the first such element; none where all are finite, as whole numbers always are. */
  static OptionalLong first(Tensor tensor) {
    return switch (tensor.dtype()) {
      case F32 -> firstOfInts(tensor.data(), tensor.elements());
      case BF16 -> firstOfShorts(tensor.data(), tensor.elements(), 0x7F80);
      case F16 -> firstOfShorts(tensor.data(), tensor.elements(), 0x7C00);
      case I32 -> OptionalLong.empty();
    };
  }

  // Without its sign, an element whose exponent has every bit set is at least infinity.

  private static OptionalLong firstOfInts(MemorySegment data, long elements) {
    var bits = new int[CHUNK];
    for (var from = 0L; from < elements; from += CHUNK) {
      var n = (int) Math.min(CHUNK, elements - from);
      MemorySegment.copy(data, JAVA_INT_UNALIGNED, from * Integer.BYTES, bits, 0, n);
      var greatest = 0;
      for (var i = 0; i < n; i++) {
        greatest = Math.max(greatest, bits[i] & 0x7FFF_FFFF);
      }
      if (greatest >= 0x7F80_0000) {
        var i = 0;
        while ((bits[i] & 0x7FFF_FFFF) < 0x7F80_0000) {
          i++;
        }
        return OptionalLong.of(from + i);
      }
    }
    return OptionalLong.empty();
  }

  private static OptionalLong firstOfShorts(MemorySegment data, long elements, int infinity) {
    var bits = new short[CHUNK];
    for (var from = 0L; from < elements; from += CHUNK) {
      var n = (int) Math.min(CHUNK, elements - from);
      MemorySegment.copy(data, JAVA_SHORT_UNALIGNED, from * Short.BYTES, bits, 0, n);
      var greatest = 0;
      for (var i = 0; i < n; i++) {
        greatest = Math.max(greatest, bits[i] & 0x7FFF);
      }
      if (greatest >= infinity) {
        var i = 0;
        while ((bits[i] & 0x7FFF) < infinity) {
          i++;
        }
        return OptionalLong.of(from + i);
      }
    }
    return OptionalLong.empty();
  }
}
