package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
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
 * <p>The code is looked up: a table has an entry for all numbers with the same upper 16 bits, which
 * says where among them the next code begins. So there is no search and no branch.
 */
public final class DynamicCode {
  /** Elements that share an absmax. */
  public static final int BLOCK = 256;

  /** For numbers of either sign. */
  public static final DynamicCode SIGNED = new DynamicCode(true);

  /** For numbers that are not negative. */
  public static final DynamicCode UNSIGNED = new DynamicCode(false);

  /** What is smaller is looked up as this. */
  public static final float LEAST = 0x1p-23f;

  /**
   * A cell has the numbers with the same upper 16 bits, so it is narrower than the distance of any
   * two codes. The first one begins with {@link #LEAST}.
   */
  public static final int FIRST_CELL = (127 - 23) << 7;

  /** Cells of either sign; the last one has 1 alone. */
  public static final int CELLS = (127 << 7) - FIRST_CELL + 1;

  private static final int CODES = 256;
  private static final int DECADES = 7;
  private static final int LOWER = 0xFFFF;

  private final boolean signed;
  private final float[] values;

  /** Entries of the cells of positive numbers, behind them of negative ones. */
  private final int[] entries;

  private final MemorySegment valueTable;
  private final MemorySegment entryTable;

  private DynamicCode(boolean signed) {
    this.signed = signed;
    values = values(signed);
    var bounds = bounds();
    entries = new int[signed ? 2 * CELLS : CELLS];
    for (var cell = 0; cell < CELLS; cell++) {
      var from = (cell + FIRST_CELL) << 16;
      entries[cell] = entry(bounds, from, 0);
      if (signed) {
        entries[CELLS + cell] = entry(bounds, from, -1);
      }
    }
    valueTable = Arena.ofAuto().allocateFrom(JAVA_FLOAT, values).asReadOnly();
    entryTable = Arena.ofAuto().allocateFrom(JAVA_INT, entries).asReadOnly();
  }

  /** The greatest number that gets a code or a lower one, by code. */
  public float[] bounds() {
    var bounds = new float[CODES];
    for (var code = 0; code < CODES - 1; code++) {
      var middle = ((double) values[code] + values[code + 1]) / 2; // exact
      bounds[code] = (float) middle > middle ? Math.nextDown((float) middle) : (float) middle;
    }
    bounds[CODES - 1] = Float.POSITIVE_INFINITY;
    if (!signed) {
      bounds[0] = 0;
    }
    return bounds;
  }

  /**
   * What a number's place in its cell, counted from the lowest number, is added to: the upper 16
   * bits of the sum are its code.
   *
   * @param from the bits of the cell's number of the least absolute value
   * @param sign −1 for the cell of negative numbers, else 0
   */
  private static int entry(float[] bounds, int from, int sign) {
    var code = 0;
    while (number(from, sign, 0) > bounds[code]) {
      code++;
    }
    var last = LOWER; // the last place with that code
    if (number(from, sign, LOWER) > bounds[code]) {
      last = (Float.floatToRawIntBits(bounds[code]) ^ sign) & LOWER;
    }
    return (code << 16) + (LOWER - last);
  }

  private static float number(int from, int sign, int place) {
    var magnitude = Float.intBitsToFloat(from | ((place ^ sign) & LOWER));
    return sign == 0 ? magnitude : -magnitude;
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

  /** Whether numbers may be negative. */
  public boolean signed() {
    return signed;
  }

  /** The code book, by code. */
  public float[] values() {
    return values.clone();
  }

  /** The same off-heap, F32. */
  public MemorySegment valueTable() {
    return valueTable;
  }

  /** The entries of all cells off-heap, of 32 bits, as {@link #code} uses them. */
  public MemorySegment entryTable() {
    return entryTable;
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
   * number. NaN, which no update by a finite gradient gives, is not kept: it gets a code near 0.
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
      var scale = 0f;
      for (var i = from; i < to; i++) {
        var magnitude = Math.abs(src.get(JAVA_FLOAT_UNALIGNED, srcAt + i * 4L));
        scale = magnitude > scale ? magnitude : scale;
      }
      scale = Math.min(scale, Float.MAX_VALUE);
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
    if (!signed && !(x > 0)) {
      return 0;
    }
    var magnitude = Math.abs(x);
    magnitude = magnitude > LEAST ? magnitude : LEAST;
    magnitude = magnitude < 1 ? magnitude : 1;
    var bits = Float.floatToRawIntBits(magnitude);
    var sign = Float.floatToRawIntBits(x) >> 31;
    var entry = entries[(bits >>> 16) - FIRST_CELL + (sign & CELLS)];
    return (entry + ((bits ^ sign) & LOWER)) >>> 16;
  }
}
