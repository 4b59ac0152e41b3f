package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32;
import jdk.incubator.vector.FloatVector;

/**
 * Prints how far exp, σ and SiLU are from {@link StrictMath}'s in double, at worst over all of the
 * samples, and a checksum of all that they gave.
 *
 * <p>An error is in units in the last place of the exact value, which where that is subnormal are
 * all {@link Float#MIN_VALUE}. SiLU's, where σ is subnormal, are of σ times |x|.
 */
final class ExponentialErrors {
  /** Not a multiple of a vector's lanes: the last samples are a masked tail. */
  private static final int BATCH = 8191;

  private static final float[] UNUSUAL = {
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    0,
    -0f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    -Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE
  };
  private static final float INFINITY = Float.POSITIVE_INFINITY;
  private static final float[] UNUSUAL_EXP = {
    Float.NaN, INFINITY, 0, 1, 1, 1, 1, 1, 1, INFINITY, 0
  };
  private static final float[] UNUSUAL_SIGMOID = {
    Float.NaN, 1, 0, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 1, 0
  };

  private final MemorySegment x;
  private final MemorySegment exp;
  private final MemorySegment sigmoid;
  private final MemorySegment silu;
  private final MemorySegment ones;
  private final CRC32 checksum = new CRC32();
  private int count;
  private double expError;
  private double sigmoidError;
  private double siluError;

  private ExponentialErrors(Arena arena) {
    x = arena.allocate(JAVA_FLOAT, BATCH + 16);
    exp = arena.allocate(JAVA_FLOAT, BATCH + 16);
    sigmoid = arena.allocate(JAVA_FLOAT, BATCH + 16);
    silu = arena.allocate(JAVA_FLOAT, BATCH + 16);
    ones = arena.allocate(JAVA_FLOAT, BATCH + 16);
    for (var i = 0; i < BATCH; i++) {
      ones.setAtIndex(JAVA_FLOAT, i, 1);
    }
  }

  public static void main(String[] arguments) {
    try (var arena = Arena.ofConfined()) {
      var errors = new ExponentialErrors(arena);
      errors.unusual();
      errors.everyExponent();
      errors.ends();
      errors.seams();
      errors.flush();
      System.out.println("bits " + Lanes.BITS);
      System.out.println("exp " + errors.expError);
      System.out.println("sigmoid " + errors.sigmoidError);
      System.out.println("silu " + errors.siluError);
      System.out.println("checksum " + errors.checksum.getValue());
    }
  }

  /** In whole vectors and in the tail. */
  private void unusual() {
    for (var repeat = 0; repeat < 20; repeat++) {
      for (var i = 0; i < UNUSUAL.length; i++) {
        x.setAtIndex(JAVA_FLOAT, repeat * UNUSUAL.length + i, UNUSUAL[i]);
      }
    }
    count = 20 * UNUSUAL.length;
    compute();
    for (var i = 0; i < count; i++) {
      var kind = i % UNUSUAL.length;
      check(UNUSUAL_EXP[kind], exp.getAtIndex(JAVA_FLOAT, i), "exp", kind);
      check(UNUSUAL_SIGMOID[kind], sigmoid.getAtIndex(JAVA_FLOAT, i), "sigmoid", kind);
      // x·σ(x) itself: −∞ times 0 is NaN, the others' signs stay.
      var product = UNUSUAL[kind] * UNUSUAL_SIGMOID[kind];
      check(product, silu.getAtIndex(JAVA_FLOAT, i), "silu", kind);
    }
    count = 0;
    checksum.reset(); // which of all NaNs a NaN is, is not said
  }

  private static void check(float expected, float actual, String what, int kind) {
    if (Float.floatToIntBits(expected) != Float.floatToIntBits(actual)) {
      throw new AssertionError(what + " of " + UNUSUAL[kind] + ": " + actual);
    }
  }

  /** Every 8009st number of either sign, subnormal ones too. */
  private void everyExponent() {
    for (var bits = 0; bits < 0x7F800000 - 8009; bits += 8009) {
      add(Float.intBitsToFloat(bits));
      add(-Float.intBitsToFloat(bits));
    }
  }

  /** All numbers around those where results become subnormal, vanish and overflow. */
  private void ends() {
    for (var end : new float[] {87.33655f, 88.37626f, 88.72284f, 103.97208f, 104, 89}) {
      for (var i = -2000; i <= 2000; i++) {
        var x = Float.intBitsToFloat(Float.floatToRawIntBits(end) + i);
        add(x);
        add(-x);
      }
    }
  }

  /** Where the polynomial's argument is greatest: around odd multiples of ln 2 / 2. */
  private void seams() {
    for (var n = -152; n < 130; n++) {
      var seam = (float) ((n + 0.5) * StrictMath.log(2));
      for (var i = -50; i <= 50; i++) {
        add(Float.intBitsToFloat(Float.floatToRawIntBits(seam) + i));
      }
    }
  }

  private void add(float value) {
    x.setAtIndex(JAVA_FLOAT, count++, value);
    if (count == BATCH) {
      flush();
    }
  }

  private void flush() {
    compute();
    for (var i = 0; i < count; i++) {
      compare(i);
    }
    count = 0;
  }

  private void compute() {
    MemorySegment.copy(x, 0, exp, 0, 4L * count);
    Activation.exp(0, exp, 0, count);
    sigmoids(x, sigmoid, count);
    Activation.swiGlu(x, 0, ones, 0, silu, 0, count);
    for (var results : new MemorySegment[] {exp, sigmoid, silu}) {
      checksum.update(results.asSlice(0, 4L * count).asByteBuffer());
    }
  }

  /** Computes up to a vector more than n. */
  private static void sigmoids(MemorySegment x, MemorySegment y, int n) {
    Lanes.requireNative(x, y);
    for (var i = 0; i < n; i += Lanes.LENGTH) {
      Exponential.sigmoid(FloatVector.fromMemorySegment(Lanes.F32, x, 4L * i, LITTLE_ENDIAN))
          .intoMemorySegment(y, 4L * i, LITTLE_ENDIAN);
    }
  }

  private void compare(int i) {
    var value = x.getAtIndex(JAVA_FLOAT, i);
    var power = StrictMath.exp(value);
    var sigma = value < 0 ? power / (1 + power) : 1 / (1 + StrictMath.exp(-value));
    expError = Math.max(expError, error(power, exp.getAtIndex(JAVA_FLOAT, i)));
    sigmoidError = Math.max(sigmoidError, error(sigma, sigmoid.getAtIndex(JAVA_FLOAT, i)));
    var unit = Math.ulp((float) (value * sigma));
    if (sigma < Float.MIN_NORMAL) {
      unit = Math.max(unit, Float.MIN_VALUE * -value);
    }
    var siluIs = silu.getAtIndex(JAVA_FLOAT, i);
    siluError = Math.max(siluError, Math.abs(siluIs - value * sigma) / unit);
  }

  private static double error(double exact, float actual) {
    var rounded = (float) exact;
    if (Float.isInfinite(rounded) || Float.isInfinite(actual) || Float.isNaN(actual)) {
      return rounded == actual ? 0 : Double.POSITIVE_INFINITY;
    }
    return Math.abs(actual - exact) / Math.ulp(rounded);
  }
}
