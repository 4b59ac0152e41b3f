package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.SplitMix64;

/**
 * Rounding to bf16 that is right on average: a number between two neighbours becomes the upper one
 * with a probability equal to its distance from the lower one, so what is too small for one step
 * still counts over many. A bf16 number stays as it is.
 *
 * <p>The random bits of an element follow from a key and the element's index alone: 16 of the 64
 * that {@link SplitMix64} gives for the group of four that it is in. So they depend neither on
 * threads nor on vectors, and all tiers have the same.
 */
public final class StochasticRounding {
  /** Elements that share a random number. */
  public static final int GROUP = 4;

  private static final int EXPONENT = 0x7F80_0000;

  private StochasticRounding() {}

  /** The key of a tensor in a step. */
  public static long key(long seed, long step, long tensor) {
    return key(key(key(0, seed), step), tensor);
  }

  /** A key of this number below another key. */
  public static long key(long above, long number) {
    return SplitMix64.mix(above + SplitMix64.GAMMA + number);
  }

  /**
   * dst[i] = src[i], rounded. What is infinite or NaN stays so. Above the greatest bf16 number the
   * upper neighbour is infinity.
   *
   * @param src F32
   * @param dst BF16
   * @param first the index of element 0 in its tensor, a multiple of 4
   */
  public static void narrow(
      MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n, long key, long first) {
    for (var from = 0; from < n; from += GROUP) {
      var random = SplitMix64.mix(key + ((first + from) / GROUP + 1) * SplitMix64.GAMMA);
      var to = Math.min(from + GROUP, n);
      for (var i = from; i < to; i++) {
        var value = src.get(JAVA_FLOAT_UNALIGNED, srcAt + 4L * i);
        dst.set(JAVA_SHORT_UNALIGNED, dstAt + 2L * i, round(value, (int) random & 0xFFFF));
        random >>>= 16;
      }
    }
  }

  private static short round(float value, int random) {
    var bits = Float.floatToRawIntBits(value);
    return (bits & EXPONENT) == EXPONENT
        ? BFloat16.fromFloat(value)
        : (short) ((bits + random) >>> 16);
  }
}
