package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * 2ᵗ and eˣ in every lane, within 2 and 2.2 units in the last place, subnormal results too.
 *
 * <p>2ᵗ = 2ⁿ·2ʳ with n = t rounded to an integer, |r| ≤ 1/2. 2ʳ = 1 + r·q(r), where q of degree 4
 * was fitted for the smallest relative error of the whole, 2⁻²³·³ with these coefficients. eˣ = 2ᵗ
 * with t = x/ln 2, of which r is computed in two parts (Cody and Waite 1980, "Software Manual for
 * the Elementary Functions").
 *
 * <p>The constants take zmm24 to zmm30, and zmm20 to zmm23 for eˣ.
 */
record ExponentialCode(Avx512Assembler asm) {
  static final float[] COEFFICIENTS = {
    1, 0x1.62e42ap-1f, 0x1.ebf9c2p-3f, 0x1.c6b6d8p-5f, 0x1.3ce8aep-7f, 0x1.5bda58p-10f
  };

  private static final int LOWEST_POWER = 24 + COEFFICIENTS.length;
  private static final int LOG2_E = 20, LOG2_E_LOW = 21, LOWEST = 22, HIGHEST = 23;

  /** Those that eˣ takes besides: below the lowest number it is 0, above the highest ∞. */
  static final float[] NATURAL = {0x1.715476p+0f, 0x1.4ae0cp-26f, -104, 89};

  /** For {@link #power}: loads what {@link #emitConstants} put there; changes {@code free}. */
  void loadConstants(Label constants, Gp free) {
    asm.lea(free, constants);
    for (var i = 0; i < COEFFICIENTS.length + 1; i++) {
      asm.vbroadcastss(zmm(24 + i), at(free, 4 * i));
    }
  }

  /** The same for {@link #exp}. */
  void loadNaturalConstants(Label constants, Gp free) {
    loadConstants(constants, free);
    for (var i = 0; i < NATURAL.length; i++) {
      asm.vbroadcastss(zmm(LOG2_E + i), at(free, 4 * (COEFFICIENTS.length + 1 + i)));
    }
  }

  /** The constants, outside of the code's way. */
  void emitConstants(Label constants) {
    asm.bind(constants);
    for (var coefficient : COEFFICIENTS) {
      asm.data(Float.floatToRawIntBits(coefficient));
    }
    asm.data(Float.floatToRawIntBits(-150));
    for (var constant : NATURAL) {
      asm.data(Float.floatToRawIntBits(constant));
    }
  }

  /**
   * {@code into = 2^t}: from 2⁻¹⁵⁰ down it is 0, from 2¹²⁸ up ∞, NaN stays; t = ∞ gives NaN.
   * Changes {@code t} and {@code n}; {@code into}'s register is another.
   */
  void power(Vector into, Vector t, Vector n) {
    asm.vmaxps(t, zmm(LOWEST_POWER), t); // the second source wins where it is NaN
    asm.vrndscaleps(n, t, 0);
    asm.vsubps(t, t, n);
    scaledPower(into, t, n);
  }

  /**
   * {@code into = e^x}, from e⁻¹⁰⁴ down 0, ∞ where it is too large, NaN for NaN. Changes {@code x}
   * and {@code n}; {@code into}'s register is another.
   */
  void exp(Vector into, Vector x, Vector n) {
    var r = zmm(into.number());
    asm.vmaxps(x, zmm(LOWEST), x);
    asm.vminps(x, zmm(HIGHEST), x);
    asm.vmulps(n, x, zmm(LOG2_E));
    asm.vrndscaleps(n, n, 0);
    asm.vmovaps(r, n);
    asm.vfmsub231ps(r, x, zmm(LOG2_E));
    asm.vfmadd231ps(r, x, zmm(LOG2_E_LOW));
    asm.vmovaps(x, r);
    scaledPower(into, x, n);
  }

  /** {@code into = 2^(r + n)} for |r| ≤ 1/2. */
  private void scaledPower(Vector into, Vector r, Vector n) {
    var sum = zmm(into.number());
    asm.vmovaps(sum, zmm(24 + COEFFICIENTS.length - 1));
    for (var power = COEFFICIENTS.length - 2; power >= 0; power--) {
      asm.vfmadd213ps(sum, r, zmm(24 + power));
    }
    asm.vscalefps(into, sum, n);
  }
}
