package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.bayu.tensor.internal.kernels.vector.Lanes.I32;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.bayu.tensor.DType;

/**
 * Packs panels for the GEMM tile: step l of lane i lies at src[i·laneStride + l·stepStride] and
 * goes to dst[⌊i/width⌋·panelStride + l·width + i mod width].
 *
 * <p>Elements move as bits, in vectors of four words or more, a 16-bit element to the upper half of
 * its word: a bfloat16 is a binary32 at once. Conversion from binary16 and rounding are a second
 * pass over the panel, which is in the cache then.
 */
final class Packing {
  private static final VectorSpecies<Integer> QUAD = IntVector.SPECIES_128;
  private static final VectorSpecies<Short> HALVES = ShortVector.SPECIES_64;

  private static final int UPPER_HALF = 0xFFFF0000;
  private static final VectorShuffle<Integer> SWAP_WORDS = VectorShuffle.fromOp(QUAD, i -> i ^ 1);
  private static final VectorShuffle<Integer> SWAP_PAIRS = VectorShuffle.fromOp(QUAD, i -> i ^ 2);
  private static final VectorMask<Integer> ODD_WORDS = VectorMask.fromLong(QUAD, 0b1010);
  private static final VectorMask<Integer> UPPER_PAIR = VectorMask.fromLong(QUAD, 0b1100);

  /** Steps far apart in memory may share a cache set: so many of them are held there. */
  private static final int STEPS_AT_ONCE = 32;

  private Packing() {}

  /** Whether {@link #pack} can: one of the strides must be 1. */
  static boolean canPack(long laneStride, long stepStride) {
    return laneStride == 1 || stepStride == 1;
  }

  /** Packs {@code lanes} lanes of {@code steps} steps; the last panel is filled up with zeros. */
  static void pack(
      DType from,
      boolean toBFloat16,
      MemorySegment src,
      long srcAt,
      long laneStride,
      long stepStride,
      int lanes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int width,
      long panelStride) {
    var bytes = from.bytes();
    if (stepStride == 1) {
      for (var lane = 0; lane < lanes; lane += width) {
        var count = Math.min(width, lanes - lane);
        var laneAt = srcAt + lane * laneStride * bytes;
        var to = dstAt + lane / width * panelStride * 4;
        packRows(bytes == 4, src, laneAt, laneStride * bytes, count, steps, dst, to, width);
      }
    } else {
      for (var step = 0; step < steps; step += STEPS_AT_ONCE) {
        var some = Math.min(STEPS_AT_ONCE, steps - step);
        var stepAt = srcAt + step * stepStride * bytes;
        for (var lane = 0; lane < lanes; lane += width) {
          var count = Math.min(width, lanes - lane);
          var laneAt = stepAt + (long) lane * bytes;
          var to = dstAt + (lane / width * panelStride + (long) step * width) * 4;
          packColumns(bytes == 4, src, laneAt, stepStride * bytes, count, some, dst, to, width);
        }
      }
    }
    for (var lane = 0; lane < lanes; lane += width) {
      var panelAt = dstAt + lane / width * panelStride * 4;
      zeroLanes(Math.min(width, lanes - lane), steps, dst, panelAt, width);
      if (from == DType.F16) {
        Conversion.expandFloat16(dst, panelAt, steps * width);
      }
      if (toBFloat16 && from != DType.BF16) {
        Conversion.roundToBFloat16(dst, panelAt, steps * width);
      }
    }
  }

  private static void zeroLanes(int first, int steps, MemorySegment dst, long dstAt, int width) {
    for (var lane = first; lane < width; lane++) {
      for (var l = 0; l < steps; l++) {
        dst.set(JAVA_INT_UNALIGNED, dstAt + 4L * (l * width + lane), 0);
      }
    }
  }

  /** Lanes whose steps are neighbours in memory: transposed four by four words. */
  private static void packRows(
      boolean words,
      MemorySegment src,
      long srcAt,
      long laneBytes,
      int lanes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int width) {
    var transposed = words ? steps - steps % 4 : steps - steps % 8;
    for (var lane = 0; lane < lanes; lane++) {
      var laneAt = srcAt + lane * laneBytes;
      var to = dstAt + 4L * lane;
      var start = transposed;
      if (lane / 4 * 4 + 4 > lanes) {
        start = 0;
      } else if (lane % 4 == 0 && words) {
        transposeWords(src, laneAt, laneBytes, transposed, dst, to, 4 * width);
      } else if (lane % 4 == 0) {
        transposeHalves(src, laneAt, laneBytes, transposed, dst, to, 4 * width);
      }
      for (var l = start; l < steps; l++) {
        dst.set(JAVA_INT_UNALIGNED, to + 4L * l * width, word(words, src, laneAt, l));
      }
    }
  }

  private static int word(boolean words, MemorySegment src, long at, int index) {
    return words
        ? src.get(JAVA_INT_UNALIGNED, at + 4L * index)
        : src.get(JAVA_SHORT_UNALIGNED, at + 2L * index) << 16;
  }

  private static void transposeWords(
      MemorySegment src,
      long srcAt,
      long laneBytes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int stepBytes) {
    Lanes.requireNative(src, dst);
    for (var l = 0; l < steps; l += 4) {
      var at = srcAt + 4L * l;
      var a = IntVector.fromMemorySegment(QUAD, src, at, LITTLE_ENDIAN);
      var b = IntVector.fromMemorySegment(QUAD, src, at + laneBytes, LITTLE_ENDIAN);
      var c = IntVector.fromMemorySegment(QUAD, src, at + 2 * laneBytes, LITTLE_ENDIAN);
      var d = IntVector.fromMemorySegment(QUAD, src, at + 3 * laneBytes, LITTLE_ENDIAN);
      var ab02 = evenWords(a, b);
      var cd02 = evenWords(c, d);
      var ab13 = oddWords(a, b);
      var cd13 = oddWords(c, d);
      var to = dstAt + (long) stepBytes * l;
      lowerPairs(ab02, cd02).intoMemorySegment(dst, to, LITTLE_ENDIAN);
      lowerPairs(ab13, cd13).intoMemorySegment(dst, to + stepBytes, LITTLE_ENDIAN);
      upperPairs(ab02, cd02).intoMemorySegment(dst, to + 2L * stepBytes, LITTLE_ENDIAN);
      upperPairs(ab13, cd13).intoMemorySegment(dst, to + 3L * stepBytes, LITTLE_ENDIAN);
    }
  }

  /** As above, but a word holds two steps, the first in its lower half. */
  private static void transposeHalves(
      MemorySegment src,
      long srcAt,
      long laneBytes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int stepBytes) {
    Lanes.requireNative(src, dst);
    for (var l = 0; l < steps; l += 8) {
      var at = srcAt + 2L * l;
      var a = IntVector.fromMemorySegment(QUAD, src, at, LITTLE_ENDIAN);
      var b = IntVector.fromMemorySegment(QUAD, src, at + laneBytes, LITTLE_ENDIAN);
      var c = IntVector.fromMemorySegment(QUAD, src, at + 2 * laneBytes, LITTLE_ENDIAN);
      var d = IntVector.fromMemorySegment(QUAD, src, at + 3 * laneBytes, LITTLE_ENDIAN);
      var ab02 = evenWords(a, b);
      var cd02 = evenWords(c, d);
      var ab13 = oddWords(a, b);
      var cd13 = oddWords(c, d);
      var to = dstAt + (long) stepBytes * l;
      storeSteps(lowerPairs(ab02, cd02), dst, to, stepBytes);
      storeSteps(lowerPairs(ab13, cd13), dst, to + 2L * stepBytes, stepBytes);
      storeSteps(upperPairs(ab02, cd02), dst, to + 4L * stepBytes, stepBytes);
      storeSteps(upperPairs(ab13, cd13), dst, to + 6L * stepBytes, stepBytes);
    }
  }

  private static void storeSteps(IntVector words, MemorySegment dst, long at, int stepBytes) {
    words.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(dst, at, LITTLE_ENDIAN);
    words.and(UPPER_HALF).intoMemorySegment(dst, at + stepBytes, LITTLE_ENDIAN);
  }

  /** a₀ b₀ a₂ b₂. */
  private static IntVector evenWords(IntVector a, IntVector b) {
    return a.blend(b.rearrange(SWAP_WORDS), ODD_WORDS);
  }

  /** a₁ b₁ a₃ b₃. */
  private static IntVector oddWords(IntVector a, IntVector b) {
    return a.rearrange(SWAP_WORDS).blend(b, ODD_WORDS);
  }

  /** a₀ a₁ b₀ b₁. */
  private static IntVector lowerPairs(IntVector a, IntVector b) {
    return a.blend(b.rearrange(SWAP_PAIRS), UPPER_PAIR);
  }

  /** a₂ a₃ b₂ b₃. */
  private static IntVector upperPairs(IntVector a, IntVector b) {
    return a.rearrange(SWAP_PAIRS).blend(b, UPPER_PAIR);
  }

  /** Lanes that are neighbours in memory: copied a vector or four at a time. */
  private static void packColumns(
      boolean words,
      MemorySegment src,
      long srcAt,
      long stepBytes,
      int lanes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int width) {
    var lane = 0;
    for (; lane <= lanes - LENGTH; lane += LENGTH) {
      var to = dstAt + 4L * lane;
      if (words) {
        copyVectors(src, srcAt + 4L * lane, stepBytes, steps, dst, to, 4 * width);
      } else {
        copyHalfVectors(src, srcAt + 2L * lane, stepBytes, steps, dst, to, 4 * width);
      }
    }
    for (; lane <= lanes - 4; lane += 4) {
      var to = dstAt + 4L * lane;
      if (words) {
        copyWords(src, srcAt + 4L * lane, stepBytes, steps, dst, to, 4 * width);
      } else {
        copyHalves(src, srcAt + 2L * lane, stepBytes, steps, dst, to, 4 * width);
      }
    }
    for (; lane < lanes; lane++) {
      for (var l = 0; l < steps; l++) {
        var value = word(words, src, srcAt + l * stepBytes, lane);
        dst.set(JAVA_INT_UNALIGNED, dstAt + 4L * (l * width + lane), value);
      }
    }
  }

  private static void copyVectors(
      MemorySegment src,
      long srcAt,
      long srcBytes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int dstBytes) {
    Lanes.requireNative(src, dst);
    for (var l = 0; l < steps; l++) {
      IntVector.fromMemorySegment(I32, src, srcAt + l * srcBytes, LITTLE_ENDIAN)
          .intoMemorySegment(dst, dstAt + (long) l * dstBytes, LITTLE_ENDIAN);
    }
  }

  private static void copyHalfVectors(
      MemorySegment src,
      long srcAt,
      long srcBytes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int dstBytes) {
    Lanes.requireNative(src, dst);
    for (var l = 0; l < steps; l++) {
      Lanes.loadShorts(src, srcAt + l * srcBytes, 0)
          .lanewise(VectorOperators.LSHL, 16)
          .intoMemorySegment(dst, dstAt + (long) l * dstBytes, LITTLE_ENDIAN);
    }
  }

  private static void copyWords(
      MemorySegment src,
      long srcAt,
      long srcBytes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int dstBytes) {
    Lanes.requireNative(src, dst);
    for (var l = 0; l < steps; l++) {
      IntVector.fromMemorySegment(QUAD, src, srcAt + l * srcBytes, LITTLE_ENDIAN)
          .intoMemorySegment(dst, dstAt + (long) l * dstBytes, LITTLE_ENDIAN);
    }
  }

  private static void copyHalves(
      MemorySegment src,
      long srcAt,
      long srcBytes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int dstBytes) {
    Lanes.requireNative(src, dst);
    for (var l = 0; l < steps; l++) {
      ((IntVector)
              ShortVector.fromMemorySegment(HALVES, src, srcAt + l * srcBytes, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.ZERO_EXTEND_S2I, QUAD, 0))
          .lanewise(VectorOperators.LSHL, 16)
          .intoMemorySegment(dst, dstAt + (long) l * dstBytes, LITTLE_ENDIAN);
    }
  }
}
