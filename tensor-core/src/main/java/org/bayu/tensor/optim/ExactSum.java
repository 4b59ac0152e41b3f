package org.bayu.tensor.optim;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * Sums of squares of F32 numbers without rounding, so that they do not depend on the order of the
 * additions: neither on threads nor on processes. Kulisch 1971: a fixed-point number that is wide
 * enough for all terms.
 *
 * <p>Digit i of a sum, from 0 to {@link #DIGITS} - 2, counts 2^(32·i - 384). A digit is a {@code
 * long} and takes the carry of 2³¹ terms before it overflows. The last one counts the terms that
 * are not finite.
 */
public final class ExactSum {
  private static final int DIGIT_BITS = 32;
  private static final long DIGIT = (1L << DIGIT_BITS) - 1;

  /** The exponent of digit 0: below 2⁻²⁹⁸, the least square, with the 52 bits of its mantissa. */
  private static final int LEAST_EXPONENT = -384;

  /** Up to 2³²⁰: 2³¹ terms of 256 squares below 2²⁵⁶. */
  private static final int DIGITS = 23;

  /** Bytes of a sum. */
  public static final long BYTES = DIGITS * JAVA_LONG.byteSize();

  private ExactSum() {}

  /** Adds a sum of few squares, which is exact itself or has its own fixed order. */
  static void add(MemorySegment sum, double squares) {
    var bits = Double.doubleToRawLongBits(squares);
    var exponent = (int) (bits >>> 52);
    if (squares == 0) {
      return;
    }
    if (!Double.isFinite(squares)) {
      add(sum, DIGITS - 1, 1);
      return;
    }
    var mantissa = (bits & ((1L << 52) - 1)) | 1L << 52;
    var place = exponent - 1075 - LEAST_EXPONENT;
    var digit = place / DIGIT_BITS;
    var shift = place % DIGIT_BITS;
    var low = (mantissa & DIGIT) << shift;
    var high = (mantissa >>> DIGIT_BITS) << shift;
    add(sum, digit, low & DIGIT);
    add(sum, digit + 1, (low >>> DIGIT_BITS) + (high & DIGIT));
    add(sum, digit + 2, high >>> DIGIT_BITS);
  }

  private static void add(MemorySegment sum, int digit, long value) {
    sum.setAtIndex(JAVA_LONG, digit, sum.getAtIndex(JAVA_LONG, digit) + value);
  }

  /** Adds another sum. */
  public static void add(MemorySegment sum, MemorySegment other) {
    for (var i = 0; i < DIGITS; i++) {
      add(sum, i, other.getAtIndex(JAVA_LONG, i));
    }
  }

  /** The sum, rounded; NaN if a term was not finite. */
  public static double value(MemorySegment sum) {
    if (sum.getAtIndex(JAVA_LONG, DIGITS - 1) != 0) {
      return Double.NaN;
    }
    var carry = 0L;
    var value = 0.0;
    // From the least digit on: what is too small to count is rounded first.
    for (var i = 0; i < DIGITS - 1; i++) {
      var digit = sum.getAtIndex(JAVA_LONG, i) + carry;
      carry = digit >>> DIGIT_BITS;
      value += Math.scalb((double) (digit & DIGIT), DIGIT_BITS * i + LEAST_EXPONENT);
    }
    return value;
  }
}
