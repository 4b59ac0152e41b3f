package org.bayu.tensor.internal.kernels.machine;

import static org.bayu.tensor.internal.kernels.machine.Address.at;
import static org.bayu.tensor.internal.kernels.machine.Vector.zmm;

/**
 * 2ᵗ in every lane, within 2 units in the last place, subnormal results too; from 2⁻¹⁵⁰ down it is
 * 0, from 2¹²⁸ up ∞, NaN stays. t = ∞ gives NaN.
 *
 * <p>2ᵗ = 2ⁿ·2ʳ with n = t rounded to an integer, |r| ≤ 1/2. 2ʳ = 1 + r·q(r), where q of degree 4
 * was fitted for the smallest relative error of the whole, 2⁻²³·³ with these coefficients.
 *
 * <p>The constants take zmm24 to zmm30.
 */
record ExponentialCode(Avx512Assembler asm) {
  private static final float LOWEST = -150;
  private static final float[] COEFFICIENTS = {
    1, 0x1.62e42ap-1f, 0x1.ebf9c2p-3f, 0x1.c6b6d8p-5f, 0x1.3ce8aep-7f, 0x1.5bda58p-10f
  };

  /** Loads the constants that {@link #emitConstants} put at the label; changes {@code free}. */
  void loadConstants(Label constants, Gp free) {
    asm.lea(free, constants);
    for (var i = 0; i < COEFFICIENTS.length; i++) {
      asm.vbroadcastss(coefficient(i), at(free, 4 * i));
    }
    asm.vbroadcastss(lowest(), at(free, 4 * COEFFICIENTS.length));
  }

  /** The constants, outside of the code's way. */
  void emitConstants(Label constants) {
    asm.bind(constants);
    for (var coefficient : COEFFICIENTS) {
      asm.data(Float.floatToRawIntBits(coefficient));
    }
    asm.data(Float.floatToRawIntBits(LOWEST));
  }

  private static Vector coefficient(int power) {
    return zmm(24 + power);
  }

  private static Vector lowest() {
    return zmm(24 + COEFFICIENTS.length);
  }

  /** {@code into = 2^t}; changes {@code t} and {@code n}; {@code into}'s register is another. */
  void power(Vector into, Vector t, Vector n) {
    var sum = zmm(into.number());
    asm.vmaxps(t, lowest(), t); // the second source wins where it is NaN
    asm.vrndscaleps(n, t, 0);
    asm.vsubps(t, t, n);
    asm.vmovaps(sum, coefficient(COEFFICIENTS.length - 1));
    for (var power = COEFFICIENTS.length - 2; power >= 0; power--) {
      asm.vfmadd213ps(sum, t, coefficient(power));
    }
    asm.vscalefps(into, sum, n);
  }
}
