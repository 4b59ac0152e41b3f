package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Numbers in 8 bits, in blocks of {@link #BLOCK}: an element is a code of a code book, times the
 * block's absmax, its greatest absolute value, in F32. Dettmers et al. 2022, "8-bit Optimizers via
 * Block-wise Quantization".
 *
 * <p>The code books are those of bitsandbytes' {@code create_dynamic_map}: 0, 1, and seven decades
 * below 1, each with twice as many values as the one below it. Within a decade a value is the
 * middle of one of equal intervals between a tenth of the decade's end and its end.
 *
 * <p>An element gets the nearest code, of two equally near ones the lower, as in bitsandbytes.
 * There is one exception: a positive element of an unsigned book never gets the code of 0. A second
 * moment that became 0 would let the next update divide by hardly more than epsilon.
 *
 * <p>Looked up in tables by plain loops on every tier, so all have the same bits.
 */
public final class DynamicCode {
  /** Elements that share an absmax. */
  public static final int BLOCK = 256;

  /** For numbers of either sign. */
  public static final DynamicCode SIGNED = new DynamicCode(true);

  /** For numbers that are not negative. */
  public static final DynamicCode UNSIGNED = new DynamicCode(false);

  private static final int CODES = 256;
  private static final int DECADES = 7;

  /**
   * A cell has the numbers with the same upper 16 bits, so it is narrower than the distance of any
   * two codes: the first cell has all that is below 2⁻²³ too, the last one begins with 1.
   */
  private static final int FIRST_CELL = (127 - 23) << 7;

  private static final int LAST_CELL = (127 << 7) - FIRST_CELL;

  /** Cells of negative numbers follow those of positive ones. */
  private static final int SIGN = LAST_CELL + 1;

  private final float[] values;

  /** The greatest number that gets this code or a lower one. */
  private final float[] bounds = new float[CODES];

  /** The code of the lowest number of a cell. */
  private final byte[] lowest = new byte[2 * SIGN];

  private DynamicCode(boolean signed) {
    values = values(signed);
    for (var code = 0; code < CODES - 1; code++) {
      var middle = ((double) values[code] + values[code + 1]) / 2; // exact
      bounds[code] = (float) middle > middle ? Math.nextDown((float) middle) : (float) middle;
    }
    bounds[CODES - 1] = Float.POSITIVE_INFINITY;
    if (!signed) {
      bounds[0] = 0;
    }
    for (var cell = 0; cell <= LAST_CELL; cell++) {
      var from = Float.intBitsToFloat((cell + FIRST_CELL) << 16);
      lowest[cell] = (byte) search(cell == 0 ? 0 : from);
      var to = Float.intBitsToFloat((cell + FIRST_CELL + 1) << 16);
      lowest[SIGN + cell] = (byte) search(Math.nextUp(-to));
    }
  }

  /** The code book, in ascending order. */
  private static float[] values(boolean signed) {
    var values = new float[CODES];
    var count = 0;
    for (var decade = 0; decade < DECADES; decade++) {
      var intervals = signed ? 1 << decade : 2 << decade;
      var scale = (float) Math.pow(10, decade - (DECADES - 1));
      for (var i = 0; i < intervals; i++) {
        var middle = (boundary(i, intervals) + boundary(i + 1, intervals)) / 2;
        values[count++] = scale * middle;
        if (signed) {
          values[count++] = -(scale * middle);
        }
      }
    }
    values[count++] = 0;
    values[count] = 1;
    Arrays.sort(values);
    return values;
  }

  /** Boundary i of equal intervals of [0.1, 1], from the nearer end: the bits of PyTorch's. */
  private static float boundary(int i, int intervals) {
    var width = (1 - 0.1f) / intervals;
    return i < (intervals + 1) / 2
        ? Math.fma(width, (float) i, 0.1f)
        : Math.fma(-width, (float) (intervals - i), 1f);
  }

  private int search(float x) {
    var code = 0;
    while (x > bounds[code]) {
      code++;
    }
    return code;
  }

  /** The code book, by code. */
  public float[] values() {
    return values.clone();
  }

  /** Blocks of so many elements. */
  public static long blocks(long elements) {
    return (elements + BLOCK - 1) / BLOCK;
  }

  /**
   * dst[i] = value of codes[i] · absmax of its block.
   *
   * @param codesAt byte offset of the first code, which begins a block
   * @param absmaxAt byte offset of that block's absmax
   */
  public void decode(
      MemorySegment codes,
      long codesAt,
      MemorySegment absmax,
      long absmaxAt,
      MemorySegment dst,
      long dstAt,
      int n) {
    for (var from = 0; from < n; from += BLOCK) {
      var scale = absmax.get(JAVA_FLOAT_UNALIGNED, absmaxAt + from / BLOCK * 4L);
      var to = Math.min(from + BLOCK, n);
      for (var i = from; i < to; i++) {
        var value = values[codes.get(JAVA_BYTE, codesAt + i) & 0xFF] * scale;
        dst.set(JAVA_FLOAT_UNALIGNED, dstAt + i * 4L, value);
      }
    }
  }

  /**
   * The reverse of {@link #decode}: codes and absmax of src. What is infinite becomes the greatest
   * number.
   */
  public void encode(
      MemorySegment src,
      long srcAt,
      MemorySegment codes,
      long codesAt,
      MemorySegment absmax,
      long absmaxAt,
      int n) {
    for (var from = 0; from < n; from += BLOCK) {
      var to = Math.min(from + BLOCK, n);
      var greatest = 0;
      for (var i = from; i < to; i++) {
        greatest = Math.max(greatest, bits(src, srcAt, i) & 0x7FFF_FFFF);
      }
      var scale = Math.min(Float.intBitsToFloat(greatest), Float.MAX_VALUE);
      absmax.set(JAVA_FLOAT_UNALIGNED, absmaxAt + from / BLOCK * 4L, scale);
      var divisor = scale == 0 ? 1 : scale;
      for (var i = from; i < to; i++) {
        var x = src.get(JAVA_FLOAT_UNALIGNED, srcAt + i * 4L) / divisor;
        codes.set(JAVA_BYTE, codesAt + i, (byte) code(x));
      }
    }
  }

  /** The code of a number from −1 to 1; of any other one that of the end. */
  private int code(float x) {
    var bits = Float.floatToRawIntBits(x);
    var cell = ((bits & 0x7FFF_FFFF) >>> 16) - FIRST_CELL;
    cell = Math.min(Math.max(cell, 0), LAST_CELL);
    var code = lowest[cell + (bits >>> 31) * SIGN] & 0xFF;
    return code + (x > bounds[code] ? 1 : 0);
  }

  private static int bits(MemorySegment src, long at, int i) {
    return Float.floatToRawIntBits(src.get(JAVA_FLOAT_UNALIGNED, at + i * 4L));
  }
}
