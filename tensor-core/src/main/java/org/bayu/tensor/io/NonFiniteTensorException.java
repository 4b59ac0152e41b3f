package org.bayu.tensor.io;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;

/** A tensor has an infinite or NaN element. The message names the tensor. */
public final class NonFiniteTensorException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = 1 << 14;

  private NonFiniteTensorException(String message) {
    super(message);
  }

  /**
   * Refuses a tensor with an infinite or NaN element. Takes about as long as reading its memory.
   *
   * @param name for the message
   * @throws NonFiniteTensorException if it has one: "tensor name holds NaN"
   */
  public static void check(String name, Tensor tensor) {
    var found = find(name, tensor);
    if (found.isPresent()) {
      throw found.get();
    }
  }

  /** What {@link #check} would throw. */
  public static Optional<NonFiniteTensorException> find(String name, Tensor tensor) {
    var index = first(tensor);
    return index.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new NonFiniteTensorException(
                String.format(
                    Locale.ROOT,
                    "tensor %s holds %s",
                    Printable.name(name),
                    tensor.getFloat(index.getAsLong()))));
  }

  /** Index of the first such element; none where all are finite, as whole numbers always are. */
  static OptionalLong first(Tensor tensor) {
    if (tensor.dtype() == DType.I32) {
      return OptionalLong.empty();
    }
    var data = tensor.data();
    var bits = new int[CHUNK];
    var chunk = MemorySegment.ofArray(bits);
    for (var from = 0L; from < data.byteSize(); from += chunk.byteSize()) {
      var bytes = Math.min(chunk.byteSize(), data.byteSize() - from);
      MemorySegment.copy(data, from, chunk.fill((byte) 0), 0, bytes);
      if (!areFinite(tensor.dtype(), bits)) {
        var index = from / tensor.dtype().bytes();
        while (Float.isFinite(tensor.getFloat(index))) {
          index++;
        }
        return OptionalLong.of(index);
      }
    }
    return OptionalLong.empty();
  }

  /** Whether all numbers are finite: one in 32 bits, or two of half the length. */
  private static boolean areFinite(DType dtype, int[] bits) {
    // Without its sign, a number whose exponent has every bit set is at least infinity.
    var infinity =
        switch (dtype) {
          case F32 -> 0x7F80_0000;
          case BF16 -> 0x7F80;
          case F16 -> 0x7C00;
          case I32, U8 -> throw new IllegalArgumentException("whole numbers are finite");
        };
    var greatest = 0;
    if (dtype == DType.F32) {
      for (var each : bits) {
        greatest = Math.max(greatest, each & 0x7FFF_FFFF);
      }
      return greatest < infinity;
    }
    var greatestLow = 0;
    for (var each : bits) {
      greatest = Math.max(greatest, each & 0x7FFF_0000);
      greatestLow = Math.max(greatestLow, each & 0x7FFF);
    }
    return greatest < infinity << 16 && greatestLow < infinity;
  }
}
