package org.bayu.tensor.internal.kernels.machine.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineCall;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Powers of 2 and of e in machine code over all numbers, in functions that replace t by them. */
abstract class ExponentialSuite {
  private static final int BATCH = 8192;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment t = arena.allocate(4L * BATCH, 64);
  private final MemorySegment powers = arena.allocate(4L * BATCH, 64);
  private @Nullable CodeBuffer code;
  private double base;
  private int count;
  private double worst;

  /**
   * The bytes of {@code void power(float* t, long vectors)}, or where the processor cannot run it,
   * aborts the test.
   */
  abstract byte[] function(double base) throws CodeRefusedException;

  /** Numbers of a vector. */
  abstract int lanes();

  /** Whether powers of 2 that are subnormal may be 0, and those from 2¹²⁷·⁵ up infinite. */
  abstract boolean roundsTheEnds();

  private void assemble(double base) throws CodeRefusedException {
    this.base = base;
    code = CodeBuffer.of(function(base));
  }

  @AfterEach
  void free() {
    if (code != null) {
      code.close();
    }
    arena.close();
  }

  private void compute() {
    MemorySegment.copy(t, 0, powers, 0, 4L * BATCH);
    MachineCall.call(
        Objects.requireNonNull(code).address(0), powers.address(), BATCH / lanes(), 0, 0, 0, 0);
  }

  private void add(float value) {
    t.setAtIndex(JAVA_FLOAT, count++, value);
    if (count == BATCH) {
      flush();
    }
  }

  private void addWholeRange() {
    // Every 2003rd number of either sign: subnormal, vanishing and overflowing powers too.
    for (var bits = 0; bits < 0x7F800000 - 2003; bits += 2003) {
      add(Float.intBitsToFloat(bits));
      add(-Float.intBitsToFloat(bits));
    }
    for (var end : new float[] {87, 88, 89, 103, 104, 105, 126, 127, 128, 149, 150, 151}) {
      for (var i = -2000; i <= 2000; i++) {
        var near = Float.intBitsToFloat(Float.floatToRawIntBits(end) + i);
        add(near);
        add(-near);
      }
    }
  }

  private void flush() {
    compute();
    for (var i = 0; i < count; i++) {
      double exponent = t.getAtIndex(JAVA_FLOAT, i);
      var exact = base == 2 ? StrictMath.pow(2, exponent) : StrictMath.exp(exponent);
      var power = powers.getAtIndex(JAVA_FLOAT, i);
      if (base == 2 && roundsTheEnds()) {
        var isFlushed = power == 0 && exact < Float.MIN_NORMAL;
        if (isFlushed || (power == Float.POSITIVE_INFINITY && exponent >= 127.5)) {
          continue;
        }
      }
      if (Float.isInfinite((float) exact) || Float.isInfinite(power)) {
        assertEquals((float) exact, power, base + " to the " + exponent);
      } else {
        worst = Math.max(worst, Math.abs(power - exact) / Math.ulp((float) exact));
      }
    }
    count = 0;
  }

  @Test
  void powersAreWithinTwoUnitsInTheLastPlaceOverTheWholeRange() throws CodeRefusedException {
    assemble(2);
    addWholeRange();
    // Where the polynomial's argument is greatest.
    for (var n = -151; n < 128; n++) {
      for (var i = -50; i <= 50; i++) {
        add(Float.intBitsToFloat(Float.floatToRawIntBits(n + 0.5f) + i));
      }
    }
    flush();
    assertTrue(worst > 0.5 && worst <= 2, worst + " units");
  }

  @Test
  void exponentialsAreWithinLittleMoreOverTheWholeRange() throws CodeRefusedException {
    assemble(Math.E);
    addWholeRange();
    // Where the polynomial's argument is greatest.
    for (var n = -151; n < 128; n++) {
      for (var i = -50; i <= 50; i++) {
        add(Float.intBitsToFloat(Float.floatToRawIntBits((float) ((n + 0.5) * Math.log(2))) + i));
      }
    }
    flush();
    assertTrue(worst > 0.5 && worst <= 2.2, worst + " units");
  }

  @Test
  void unusualExponentsHaveTheirPowers() throws CodeRefusedException {
    assemble(2);
    var exponents = new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 0, -0f, -150, 128, 3};
    var expected = new float[] {Float.NaN, 0, 1, 1, 0, Float.POSITIVE_INFINITY, 8};
    for (var i = 0; i < exponents.length; i++) {
      t.setAtIndex(JAVA_FLOAT, i, exponents[i]);
    }
    compute();
    for (var i = 0; i < exponents.length; i++) {
      assertEquals(expected[i], powers.getAtIndex(JAVA_FLOAT, i), "2 to the " + exponents[i]);
    }
  }

  @Test
  void unusualExponentsOfEHaveTheirPowers() throws CodeRefusedException {
    assemble(Math.E);
    var exponents =
        new float[] {Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 0, -0f, -104, 89};
    var expected =
        new float[] {Float.NaN, 0, Float.POSITIVE_INFINITY, 1, 1, 0, Float.POSITIVE_INFINITY};
    for (var i = 0; i < exponents.length; i++) {
      t.setAtIndex(JAVA_FLOAT, i, exponents[i]);
    }
    compute();
    for (var i = 0; i < exponents.length; i++) {
      assertEquals(expected[i], powers.getAtIndex(JAVA_FLOAT, i), "e to the " + exponents[i]);
    }
  }
}
