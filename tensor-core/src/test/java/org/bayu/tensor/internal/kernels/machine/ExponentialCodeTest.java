package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.bayu.tensor.internal.kernels.machine.Address.at;
import static org.bayu.tensor.internal.kernels.machine.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.Vector.zmm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Powers of 2 in machine code over all numbers, in a function that replaces t by 2ᵗ. */
class ExponentialCodeTest {
  private static final int BATCH = 8192;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment t = arena.allocate(4L * BATCH, 64);
  private final MemorySegment powers = arena.allocate(4L * BATCH, 64);
  private CodeBuffer code;
  private int count;
  private double worst;

  /** {@code void power(float* t, long vectors)}. */
  @BeforeEach
  void assemble() throws CodeRefusedException {
    var features = CpuFeatures.ofThisMachine();
    assumeTrue(features.isPresent() && features.get().avx512f(), "no AVX-512 here");
    var asm = new Avx512Assembler();
    var exponential = new ExponentialCode(asm);
    var constants = new Label();
    var frame = new Frame(asm, CallingConvention.ofThisSystem(), 2, 0);
    frame.prologue();
    exponential.loadConstants(constants, RAX);
    var next = asm.here();
    asm.vmovups(zmm(1), at(RDI));
    exponential.power(zmm(0), zmm(1), zmm(2));
    asm.vmovups(at(RDI), zmm(0));
    asm.add(RDI, 64);
    asm.dec(RSI);
    asm.jnz(next);
    frame.epilogue();
    exponential.emitConstants(constants);
    code = CodeBuffer.of(asm.toByteArray());
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
    MachineCall.call(code.address(0), powers.address(), BATCH / 16, 0, 0, 0, 0);
  }

  private void add(float value) {
    t.setAtIndex(JAVA_FLOAT, count++, value);
    if (count == BATCH) {
      flush();
    }
  }

  private void flush() {
    compute();
    for (var i = 0; i < count; i++) {
      var exact = StrictMath.pow(2, t.getAtIndex(JAVA_FLOAT, i));
      var power = powers.getAtIndex(JAVA_FLOAT, i);
      if (Float.isInfinite((float) exact) || Float.isInfinite(power)) {
        assertEquals((float) exact, power, "2 to the " + t.getAtIndex(JAVA_FLOAT, i));
      } else {
        worst = Math.max(worst, Math.abs(power - exact) / Math.ulp((float) exact));
      }
    }
    count = 0;
  }

  @Test
  void powersAreWithinTwoUnitsInTheLastPlaceOverTheWholeRange() {
    // Every 2003rd number of either sign: subnormal, vanishing and overflowing powers too.
    for (var bits = 0; bits < 0x7F800000 - 2003; bits += 2003) {
      add(Float.intBitsToFloat(bits));
      add(-Float.intBitsToFloat(bits));
    }
    for (var end : new float[] {126, 127, 128, 149, 150, 151}) {
      for (var i = -2000; i <= 2000; i++) {
        var near = Float.intBitsToFloat(Float.floatToRawIntBits(end) + i);
        add(near);
        add(-near);
      }
    }
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
  void unusualExponentsHaveTheirPowers() {
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
}
