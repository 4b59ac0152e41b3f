package org.bayu.collectives;

import java.lang.foreign.MemorySegment;

/** Checks of what collectives are called with: a library in C would only crash. */
final class Segments {
  private static final Thread ANOTHER_THREAD = Thread.ofVirtual().unstarted(() -> {});

  private Segments() {}

  static void requireBytes(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("collectives take off-heap memory only");
    }
    if (!segment.isAccessibleBy(ANOTHER_THREAD)) {
      throw new IllegalArgumentException("collectives run on another thread than this segment's");
    }
  }

  static void requireFloats(MemorySegment segment) {
    requireBytes(segment);
    if (segment.byteSize() % Float.BYTES != 0) {
      throw new IllegalArgumentException(segment.byteSize() + " bytes are not whole F32 numbers");
    }
  }

  static void requireWritable(MemorySegment segment) {
    if (segment.isReadOnly()) {
      throw new IllegalArgumentException("the result cannot be written to read-only memory");
    }
  }

  /** Requires {@code all} to be {@code size} parts. */
  static void requireParts(MemorySegment part, MemorySegment all, int size) {
    if (all.byteSize() != part.byteSize() * size) {
      throw new IllegalArgumentException(
          all.byteSize() + " bytes are not " + size + " parts of " + part.byteSize());
    }
  }

  /** Requires both to be the same number of bytes, which are {@code size} parts. */
  static void requireExchange(MemorySegment sent, MemorySegment received, int size) {
    requireParts(sent, received, 1);
    if (sent.byteSize() % size != 0) {
      throw new IllegalArgumentException(
          sent.byteSize() + " bytes are not " + size + " equal parts");
    }
  }

  /** Requires the parts, from one beginning to the next, to be all of the array. */
  static void requireStride(MemorySegment array, long stride, int size) {
    requireBytes(array);
    if (stride < 0 || Math.multiplyExact(stride, size) < array.byteSize()) {
      throw new IllegalArgumentException(
          size + " parts of " + stride + " bytes are not " + array.byteSize());
    }
  }

  /** Requires {@code received} to be {@code size} pieces that begin within a part. */
  static void requirePieces(
      MemorySegment array, long stride, long at, MemorySegment received, int size) {
    requireStride(array, stride, size);
    requireBytes(received);
    requireWritable(received);
    if (at < 0 || at > stride || received.byteSize() % size != 0) {
      throw new IllegalArgumentException(
          "no pieces at " + at + " of " + stride + " bytes for " + received.byteSize());
    }
  }

  static void requireRank(int rank, int size) {
    if (rank < 0 || rank >= size) {
      throw new IllegalArgumentException("rank " + rank + " is not one of " + size);
    }
  }

  static void requireColor(int color) {
    if (color < 0) {
      throw new IllegalArgumentException("color " + color + " is negative");
    }
  }
}
