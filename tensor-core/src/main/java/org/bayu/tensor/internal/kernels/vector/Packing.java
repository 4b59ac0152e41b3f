package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.bayu.tensor.DType;

/**
 * Packs panels for the GEMM tile: step l of lane i lies at src[i·laneStride + l·stepStride] and
 * goes to dst[(i / width)·panelStride + l·width + i mod width].
 *
 * <p>Elements move as bits, a 16-bit one to the upper half of its place of 32 bits: a bfloat16 is a
 * binary32 at once. What else is to be done, conversion from binary16 or rounding, a second pass
 * does on the panel in the cache.
 */
final class Packing {
  private static final VectorShape SHAPE = VectorShape.forBitSize(Math.min(Lanes.BITS, 256));
  private static final VectorSpecies<Integer> WORDS = VectorSpecies.of(int.class, SHAPE);
  private static final VectorSpecies<Long> PAIRS = VectorSpecies.of(long.class, SHAPE);

  /** Words of a vector: one or two quads. */
  private static final int LENGTH = WORDS.length();

  private static final VectorSpecies<Integer> QUAD = IntVector.SPECIES_128;
  private static final VectorSpecies<Short> QUAD_OF_HALVES = ShortVector.SPECIES_64;

  private static final int UPPER_HALF = 0xFFFF0000;
  private static final long LOWER_WORD = 0xFFFFFFFFL;
  private static final VectorMask<Long> ODD_PAIRS = VectorMask.fromLong(PAIRS, 0b1010);
  private static final VectorShuffle<Long> SWAP_PAIRS = VectorShuffle.fromOp(PAIRS, i -> i ^ 1);
  private static final VectorShuffle<Integer> SECOND_QUAD =
      VectorShuffle.fromOp(WORDS, i -> (i + 4) % LENGTH);

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
    var wide = from == DType.F32;
    var laneBytes = laneStride * from.bytes();
    var stepBytes = stepStride * from.bytes();
    for (var first = 0; first < lanes; first += width) {
      var inPanel = Math.min(width, lanes - first);
      var panelSrc = srcAt + first * laneBytes;
      var panelAt = dstAt + first / width * panelStride * 4;
      if (stepStride == 1) {
        packRows(wide, panelSrc, laneBytes, src, inPanel, steps, dst, panelAt, width);
      } else {
        packColumns(wide, src, panelSrc, stepBytes, inPanel, steps, dst, panelAt, width);
      }
      for (var lane = inPanel; lane < width; lane++) {
        for (var l = 0; l < steps; l++) {
          dst.set(JAVA_INT_UNALIGNED, panelAt + 4L * (l * width + lane), 0);
        }
      }
      if (from == DType.F16) {
        Conversion.expandFloat16(dst, panelAt, steps * width);
      }
      if (toBFloat16 && from != DType.BF16) {
        Conversion.roundToBFloat16(dst, panelAt, steps * width);
      }
    }
  }

  /** Lanes whose steps are neighbours in memory: four lanes at a time are transposed. */
  private static void packRows(
      boolean wide,
      long srcAt,
      long laneBytes,
      MemorySegment src,
      int lanes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int width) {
    var bytes = wide ? 4 : 2;
    var stepsOfVector = LENGTH * 4 / bytes;
    var transposed = steps - steps % stepsOfVector;
    var lane = 0;
    for (; lane <= lanes - 4; lane += 4) {
      var laneAt = srcAt + lane * laneBytes;
      if (wide) {
        transposeWords(src, laneAt, laneBytes, transposed, dst, dstAt + 4L * lane, 4 * width);
      } else {
        transposeHalves(src, laneAt, laneBytes, transposed, dst, dstAt + 4L * lane, 4 * width);
      }
      for (var i = lane; i < lane + 4; i++) {
        packLane(wide, src, srcAt + i * laneBytes, transposed, steps, dst, dstAt + 4L * i, width);
      }
    }
    for (; lane < lanes; lane++) {
      packLane(wide, src, srcAt + lane * laneBytes, 0, steps, dst, dstAt + 4L * lane, width);
    }
  }

  private static void packLane(
      boolean wide,
      MemorySegment src,
      long srcAt,
      int from,
      int to,
      MemorySegment dst,
      long dstAt,
      int width) {
    for (var l = from; l < to; l++) {
      dst.set(JAVA_INT_UNALIGNED, dstAt + 4L * width * l, word(wide, src, srcAt, l));
    }
  }

  private static int word(boolean wide, MemorySegment src, long at, int index) {
    return wide
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
    for (var l = 0; l < steps; l += LENGTH) {
      var at = srcAt + 4L * l;
      var a = loadPairs(src, at);
      var b = loadPairs(src, at + laneBytes);
      var c = loadPairs(src, at + 2 * laneBytes);
      var d = loadPairs(src, at + 3 * laneBytes);
      var evenAb = evenWords(a, b);
      var evenCd = evenWords(c, d);
      var oddAb = oddWords(a, b);
      var oddCd = oddWords(c, d);
      var to = dstAt + (long) stepBytes * l;
      storeWords(evenPairs(evenAb, evenCd), dst, to, stepBytes);
      storeWords(evenPairs(oddAb, oddCd), dst, to + stepBytes, stepBytes);
      storeWords(oddPairs(evenAb, evenCd), dst, to + 2L * stepBytes, stepBytes);
      storeWords(oddPairs(oddAb, oddCd), dst, to + 3L * stepBytes, stepBytes);
    }
  }

  /** A word holds two steps here: the lower half the first. */
  private static void transposeHalves(
      MemorySegment src,
      long srcAt,
      long laneBytes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int stepBytes) {
    for (var l = 0; l < steps; l += 2 * LENGTH) {
      var at = srcAt + 2L * l;
      var a = loadPairs(src, at);
      var b = loadPairs(src, at + laneBytes);
      var c = loadPairs(src, at + 2 * laneBytes);
      var d = loadPairs(src, at + 3 * laneBytes);
      var evenAb = evenWords(a, b);
      var evenCd = evenWords(c, d);
      var oddAb = oddWords(a, b);
      var oddCd = oddWords(c, d);
      var to = dstAt + (long) stepBytes * l;
      storeHalves(evenPairs(evenAb, evenCd), dst, to, stepBytes);
      storeHalves(evenPairs(oddAb, oddCd), dst, to + 2L * stepBytes, stepBytes);
      storeHalves(oddPairs(evenAb, evenCd), dst, to + 4L * stepBytes, stepBytes);
      storeHalves(oddPairs(oddAb, oddCd), dst, to + 6L * stepBytes, stepBytes);
    }
  }

  private static LongVector loadPairs(MemorySegment src, long at) {
    return LongVector.fromMemorySegment(PAIRS, src, at, ByteOrder.LITTLE_ENDIAN);
  }

  /** a₀ b₀ a₂ b₂ … */
  private static LongVector evenWords(LongVector a, LongVector b) {
    return a.and(LOWER_WORD).or(b.lanewise(VectorOperators.LSHL, 32));
  }

  /** a₁ b₁ a₃ b₃ … */
  private static LongVector oddWords(LongVector a, LongVector b) {
    return a.lanewise(VectorOperators.LSHR, 32).or(b.and(~LOWER_WORD));
  }

  /** a₀ b₀ | a₂ b₂ in pairs of words: the even words of a and b as quads. */
  private static IntVector evenPairs(LongVector a, LongVector b) {
    return a.blend(b.rearrange(SWAP_PAIRS), ODD_PAIRS).reinterpretAsInts();
  }

  /** a₁ b₁ | a₃ b₃ in pairs of words. */
  private static IntVector oddPairs(LongVector a, LongVector b) {
    return a.rearrange(SWAP_PAIRS).blend(b, ODD_PAIRS).reinterpretAsInts();
  }

  /** The first quad is step 0, the second step 4. */
  private static void storeWords(IntVector quads, MemorySegment dst, long at, int stepBytes) {
    storeQuad(quads, dst, at);
    if (LENGTH == 8) {
      storeQuad(quads.rearrange(SECOND_QUAD), dst, at + 4L * stepBytes);
    }
  }

  /** The first quad is steps 0 and 1, the second 8 and 9. */
  private static void storeHalves(IntVector quads, MemorySegment dst, long at, int stepBytes) {
    var lower = quads.lanewise(VectorOperators.LSHL, 16);
    var upper = quads.and(UPPER_HALF);
    storeQuad(lower, dst, at);
    storeQuad(upper, dst, at + stepBytes);
    if (LENGTH == 8) {
      storeQuad(lower.rearrange(SECOND_QUAD), dst, at + 8L * stepBytes);
      storeQuad(upper.rearrange(SECOND_QUAD), dst, at + 9L * stepBytes);
    }
  }

  private static void storeQuad(IntVector quads, MemorySegment dst, long at) {
    ((IntVector) quads.reinterpretShape(QUAD, 0))
        .intoMemorySegment(dst, at, ByteOrder.LITTLE_ENDIAN);
  }

  /** Lanes that are neighbours in memory: copied four at a time. */
  private static void packColumns(
      boolean wide,
      MemorySegment src,
      long srcAt,
      long stepBytes,
      int lanes,
      int steps,
      MemorySegment dst,
      long dstAt,
      int width) {
    var quads = lanes - lanes % 4;
    for (var l = 0; l < steps; l++) {
      var from = srcAt + l * stepBytes;
      var to = dstAt + 4L * width * l;
      for (var lane = 0; lane < quads; lane += 4) {
        var quad =
            wide
                ? IntVector.fromMemorySegment(QUAD, src, from + 4L * lane, ByteOrder.LITTLE_ENDIAN)
                : loadHalves(src, from + 2L * lane);
        quad.intoMemorySegment(dst, to + 4L * lane, ByteOrder.LITTLE_ENDIAN);
      }
      for (var lane = quads; lane < lanes; lane++) {
        dst.set(JAVA_INT_UNALIGNED, to + 4L * lane, word(wide, src, from, lane));
      }
    }
  }

  private static IntVector loadHalves(MemorySegment src, long at) {
    return ((IntVector)
            ShortVector.fromMemorySegment(QUAD_OF_HALVES, src, at, ByteOrder.LITTLE_ENDIAN)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, QUAD, 0))
        .lanewise(VectorOperators.LSHL, 16);
  }
}
