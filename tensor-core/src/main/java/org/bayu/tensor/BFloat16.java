package org.bayu.tensor;

/**
 * bfloat16: sign, 8 exponent bits and 7 fraction bits, the upper half of an IEEE 754 binary32.
 *
 * <p>{@link Float} has the same pair of methods for binary16.
 */
public final class BFloat16 {
  private BFloat16() {}

  /** The value of these 16 bits; exact. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest bfloat16, ties to even; NaN stays NaN (made quiet), overflow gives infinity. */
  public static short fromFloat(float value) {
    var bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  /** {@code value} rounded to the nearest bfloat16. */
  public static float round(float value) {
    return toFloat(fromFloat(value));
  }
}
