package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;

/**
 * Elements at an odd place, between canaries: {@code segment} holds more than the elements, which
 * begin at byte {@code at}.
 */
public record GuardedMemory(MemorySegment segment, long at, DType dtype, int elements) {
  private static final byte CANARY = (byte) 0xA5;
  private static final int GUARD = 64;

  /** Zeros, {@code misalignment} bytes behind a multiple of 64. */
  public static GuardedMemory allocate(Arena arena, DType dtype, int elements, int misalignment) {
    var bytes = (long) elements * dtype.bytes();
    var segment = arena.allocate(GUARD + misalignment + bytes + GUARD, 64);
    segment.fill(CANARY);
    segment.asSlice(GUARD + misalignment, bytes).fill((byte) 0);
    return new GuardedMemory(segment, GUARD + misalignment, dtype, elements);
  }

  /** Normally distributed values. */
  public static GuardedMemory random(
      Arena arena, DType dtype, int elements, int misalignment, Random random) {
    var memory = allocate(arena, dtype, elements, misalignment);
    for (var i = 0; i < elements; i++) {
      memory.set(i, (float) random.nextGaussian());
    }
    return memory;
  }

  private Tensor tensor() {
    var bytes = (long) elements * dtype.bytes();
    return Tensor.of(segment.asSlice(at, bytes), dtype, Shape.of(elements));
  }

  public float get(long index) {
    return tensor().getFloat(index);
  }

  public void set(long index, float value) {
    tensor().setFloat(index, value);
  }

  public float[] toFloats() {
    return tensor().toFloats();
  }

  /** A copy elsewhere. */
  public GuardedMemory copy(Arena arena, int misalignment) {
    var copy = allocate(arena, dtype, elements, misalignment);
    MemorySegment.copy(segment, at, copy.segment, copy.at, (long) elements * dtype.bytes());
    return copy;
  }

  /** Fails if a byte outside of the elements was written. */
  public void assertIntact() {
    var end = at + (long) elements * dtype.bytes();
    for (var i = 0L; i < segment.byteSize(); i++) {
      if (i < at || i >= end) {
        assertEquals(CANARY, segment.get(JAVA_BYTE, i), "canary at " + (i - at));
      }
    }
  }
}
