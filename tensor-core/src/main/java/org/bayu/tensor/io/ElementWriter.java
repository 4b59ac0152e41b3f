package org.bayu.tensor.io;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;

/** Writes elements to a channel, chunk by chunk, rounding them to another type on the way. */
final class ElementWriter {
  private static final int CHUNK_ELEMENTS = 1 << 16;
  private static final long CHUNK_BYTES = 1 << 23;

  private final WritableByteChannel channel;
  private final float[] values = new float[CHUNK_ELEMENTS];
  private final short[] halves = new short[CHUNK_ELEMENTS];
  private final MemorySegment rounded =
      MemorySegment.ofBuffer(ByteBuffer.allocateDirect(CHUNK_ELEMENTS * Float.BYTES));

  ElementWriter(WritableByteChannel channel) {
    this.channel = channel;
  }

  /** Writes bytes, off-heap or of a byte array, as they are. */
  void write(MemorySegment bytes) throws IOException {
    for (var at = 0L; at < bytes.byteSize(); at += CHUNK_BYTES) {
      var chunk = bytes.asSlice(at, Math.min(CHUNK_BYTES, bytes.byteSize() - at)).asByteBuffer();
      while (chunk.hasRemaining()) {
        channel.write(chunk);
      }
    }
  }

  /**
   * Writes elements as {@code dtype}.
   *
   * @param what names the tensor in messages
   * @throws IOException also if a finite element would become infinite
   */
  void write(Tensor tensor, DType dtype, String what) throws IOException {
    if (tensor.dtype() == dtype) {
      write(tensor.data());
      return;
    }
    if (tensor.dtype() == DType.I32 || dtype == DType.I32) {
      throw new IllegalArgumentException(
          "%s is %s and cannot be written as %s".formatted(what, tensor.dtype(), dtype));
    }
    for (var at = 0L; at < tensor.elements(); at += CHUNK_ELEMENTS) {
      var count = (int) Math.min(CHUNK_ELEMENTS, tensor.elements() - at);
      load(tensor, at, count);
      write(round(dtype, count, what));
    }
  }

  /** Widens {@code count} elements into {@link #values}; exact. */
  private void load(Tensor tensor, long from, int count) {
    var data = tensor.data();
    if (tensor.dtype() == DType.F32) {
      MemorySegment.copy(data, JAVA_FLOAT_UNALIGNED, from * 4, values, 0, count);
      return;
    }
    MemorySegment.copy(data, JAVA_SHORT_UNALIGNED, from * 2, halves, 0, count);
    if (tensor.dtype() == DType.BF16) {
      for (var i = 0; i < count; i++) {
        values[i] = BFloat16.toFloat(halves[i]);
      }
    } else {
      for (var i = 0; i < count; i++) {
        values[i] = Float.float16ToFloat(halves[i]);
      }
    }
  }

  /** The first {@code count} values as {@code dtype}. */
  private MemorySegment round(DType dtype, int count, String what) throws IOException {
    if (dtype == DType.F32) {
      MemorySegment.copy(values, 0, rounded, JAVA_FLOAT_UNALIGNED, 0, count);
      return rounded.asSlice(0, count * 4L);
    }
    if (dtype == DType.BF16) {
      for (var i = 0; i < count; i++) {
        halves[i] = BFloat16.fromFloat(values[i]);
      }
    } else {
      for (var i = 0; i < count; i++) {
        halves[i] = Float.floatToFloat16(values[i]);
      }
    }
    refuseOverflow(dtype, count, what);
    MemorySegment.copy(halves, 0, rounded, JAVA_SHORT_UNALIGNED, 0, count);
    return rounded.asSlice(0, count * 2L);
  }

  private void refuseOverflow(DType dtype, int count, String what) throws IOException {
    // Without its sign, infinity's bits are these and no finite value's are.
    var infinity = dtype == DType.BF16 ? 0x7F80 : 0x7C00;
    for (var i = 0; i < count; i++) {
      if ((halves[i] & 0x7FFF) == infinity && !Float.isInfinite(values[i])) {
        throw new IOException(
            "%s holds %s, too large for %s; choose BF16 or F32".formatted(what, values[i], dtype));
      }
    }
  }
}
