package org.bayu.tensor.internal.kernels.machine.x86;

import org.bayu.tensor.internal.kernels.DynamicCode;

/**
 * Codes of a {@link DynamicCode} as straight lines: within a decade, and a sign, they have equal
 * distances. So {@code slope · x + start}, rounded to the nearest integer, is the code of x or the
 * one below it; less than 0 stands for 0.
 *
 * <p>For that the lines lie {@link #BELOW} codes below the book's. It must be more than 0.2:
 * between two decades the bound is up to 0.2 codes above where the upper one's line has it. And it
 * must be less than 0.75: 1, the last code, is only half a distance above the code before it.
 *
 * <p>x has an absolute value from {@link DynamicCode#LEAST} to 1. Its line has the number {@code
 * (bits + step) >>> 28}, by the step of its exponent: 0 to 6 for the decades, and 8 more if x is
 * negative.
 */
final class CodeLines {
  private static final double BELOW = 0.35;
  private static final int DECADES = 7;
  private static final int NEGATIVE = 8;

  private final float[] slopes = new float[2 * NEGATIVE];
  private final float[] starts = new float[2 * NEGATIVE];

  CodeLines(DynamicCode code) {
    var values = code.values();
    for (var decade = 0; decade < DECADES; decade++) {
      var first = codesBelow(values, begin(decade));
      var count = codesBelow(values, begin(decade + 1)) - first;
      var slope = count / (begin(decade + 1) - begin(decade));
      var start = slope * values[first] + BELOW;
      slopes[decade] = (float) slope;
      starts[decade] = (float) (first - start);
      slopes[NEGATIVE + decade] = (float) slope;
      var opposite = 254 - first;
      starts[NEGATIVE + decade] = (float) (opposite + slope * values[first] - BELOW);
    }
  }

  private static double begin(int decade) {
    return Math.pow(10, decade - DECADES);
  }

  private static int codesBelow(float[] values, double limit) {
    var count = 0;
    while (values[count] < limit) {
      count++;
    }
    return count;
  }

  /** The step of the numbers with the exponent of this one, among which a decade may begin. */
  private static int step(int from) {
    var decade = 0;
    while (decade + 1 < DECADES && bitsOfBegin(decade + 1) <= from) {
      decade++;
    }
    var next = bitsOfBegin(decade + 1);
    var isWithin = decade + 1 < DECADES && next < from + (1 << 23);
    return isWithin ? ((decade + 1) << 28) - next : (decade << 28) - from;
  }

  private static int bitsOfBegin(int decade) {
    return Float.floatToRawIntBits((float) begin(decade));
  }

  /** By the lower five bits of an exponent. */
  static int[] steps() {
    var steps = new int[32];
    for (var exponent = DynamicCode.FIRST_CELL >> 7; exponent < 128; exponent++) {
      steps[exponent % steps.length] = step(exponent << 23);
    }
    return steps;
  }

  /** By the number of a line. */
  float[] slopes() {
    return slopes.clone();
  }

  /** By the number of a line. */
  float[] starts() {
    return starts.clone();
  }
}
