package org.bayu.tensor.internal.kernels.vector;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector shape in use, as constants that the compiler folds, and the loads, stores and sums
 * that the kernels share.
 *
 * <p>The shape is the processor's preferred one, or {@code -Dbayu.vectorBits=128|256|512}: so the
 * kernels of other processors can be tested, slowly.
 */
final class Lanes {
  /** Bits of a vector. */
  static final int BITS =
      Integer.getInteger("bayu.vectorBits", FloatVector.SPECIES_PREFERRED.vectorBitSize());

  static final VectorSpecies<Float> F32 =
      VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
  static final VectorSpecies<Integer> I32 = F32.withLanes(int.class);
  static final VectorSpecies<Double> F64 = F32.withLanes(double.class);

  /** As many lanes as {@link #F32} has, of 16 bits. */
  static final VectorSpecies<Short> I16 =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));

  /** Lanes of {@link #F32}. */
  static final int LENGTH = F32.length();

  private static final VectorShuffle<Float> ROTATE_8 = VectorShuffle.iota(F32, 8, 1, true);
  private static final VectorShuffle<Float> ROTATE_4 = VectorShuffle.iota(F32, 4, 1, true);
  private static final VectorShuffle<Float> ROTATE_2 = VectorShuffle.iota(F32, 2, 1, true);
  private static final VectorShuffle<Float> ROTATE_1 = VectorShuffle.iota(F32, 1, 1, true);
  private static final VectorShuffle<Double> ROTATE_DOUBLES_4 = VectorShuffle.iota(F64, 4, 1, true);
  private static final VectorShuffle<Double> ROTATE_DOUBLES_2 = VectorShuffle.iota(F64, 2, 1, true);

  private Lanes() {}

  /**
   * Says that these segments lie outside of the heap, to the compiler too.
   *
   * <p>The Vector API's own methods meet heap segments while the JVM is cold, for they work on
   * arrays as long as they are not compiled. Their profiles then say that a segment may be on the
   * heap, and a loop that believes it runs several times slower. A call of a segment's method here,
   * where all are native, settles the class before the loop.
   */
  static void requireNative(MemorySegment a, MemorySegment b, MemorySegment c) {
    if (!a.isNative() || !b.isNative() || !c.isNative()) {
      throw new IllegalArgumentException("kernels work on off-heap memory");
    }
  }

  /** The same for two segments. */
  static void requireNative(MemorySegment a, MemorySegment b) {
    requireNative(a, b, b);
  }

  /** The same for one segment. */
  static void requireNative(MemorySegment a) {
    requireNative(a, a, a);
  }

  /** Elements {@code index} and on of the floats behind byte {@code at}. */
  static FloatVector load(MemorySegment segment, long at, int index) {
    return FloatVector.fromMemorySegment(F32, segment, at + 4L * index, ByteOrder.LITTLE_ENDIAN);
  }

  /** Stores at element {@code index} of the floats behind byte {@code at}. */
  static void store(FloatVector vector, MemorySegment segment, long at, int index) {
    vector.intoMemorySegment(segment, at + 4L * index, ByteOrder.LITTLE_ENDIAN);
  }

  /** 16-bit elements {@code index} and on, each in the lower half of an int. */
  static IntVector loadShorts(MemorySegment segment, long at, int index) {
    return (IntVector)
        ShortVector.fromMemorySegment(I16, segment, at + 2L * index, ByteOrder.LITTLE_ENDIAN)
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, I32, 0);
  }

  /** Stores the lower halves of the ints as 16-bit elements {@code index} and on. */
  static void storeShorts(IntVector vector, MemorySegment segment, long at, int index) {
    vector
        .convertShape(VectorOperators.I2S, I16, 0)
        .intoMemorySegment(segment, at + 2L * index, ByteOrder.LITTLE_ENDIAN);
  }

  /** Σ of the lanes: the upper half onto the lower, until one is left. */
  static float sum(FloatVector vector) {
    var sum = vector;
    if (LENGTH >= 16) {
      sum = sum.add(sum.rearrange(ROTATE_8));
    }
    if (LENGTH >= 8) {
      sum = sum.add(sum.rearrange(ROTATE_4));
    }
    sum = sum.add(sum.rearrange(ROTATE_2));
    return sum.add(sum.rearrange(ROTATE_1)).lane(0);
  }

  /** Σ of the lanes, in the order of the other. */
  static double sum(DoubleVector vector) {
    var sum = vector;
    if (LENGTH >= 16) {
      sum = sum.add(sum.rearrange(ROTATE_DOUBLES_4));
    }
    if (LENGTH >= 8) {
      sum = sum.add(sum.rearrange(ROTATE_DOUBLES_2));
    }
    return sum.lane(0) + sum.lane(1); // C2 does not see through a rotation of two lanes
  }

  /** The greatest lane, NaN if any is NaN. */
  static float max(FloatVector vector) {
    var max = vector;
    if (LENGTH >= 16) {
      max = max.max(max.rearrange(ROTATE_8));
    }
    if (LENGTH >= 8) {
      max = max.max(max.rearrange(ROTATE_4));
    }
    max = max.max(max.rearrange(ROTATE_2));
    return max.max(max.rearrange(ROTATE_1)).lane(0);
  }
}
