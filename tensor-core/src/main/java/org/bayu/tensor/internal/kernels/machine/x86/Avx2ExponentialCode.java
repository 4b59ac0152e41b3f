package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * {@link ExponentialCode} with AVX2: the same polynomial, and for its 2ⁿ the exponent's bits. Where
 * 2ᵗ would be subnormal it may be 0, and from 2¹²⁷·⁵ up it is ∞; eˣ has its whole range.
 *
 * <p>The constants are read from memory, behind {@code base}; ymm14 and ymm15 bound t of 2ᵗ.
 */
record Avx2ExponentialCode(Avx2Assembler asm, Gp base, Label constants) {
  private static final int VECTOR = 32;

  /** The places of those behind the coefficients. */
  private static final int BIAS = VECTOR * ExponentialCode.COEFFICIENTS.length;

  private static final int LOWEST_POWER = BIAS + VECTOR, HIGHEST_POWER = LOWEST_POWER + VECTOR;

  /** As in {@link ExponentialCode#NATURAL}. */
  private static final int LOG2_E = HIGHEST_POWER + VECTOR,
      LOG2_E_LOW = LOG2_E + VECTOR,
      LOWEST = LOG2_E_LOW + VECTOR,
      HIGHEST = LOWEST + VECTOR;

  private static final Vector LEAST = ymm(14);
  private static final Vector GREATEST = ymm(15);

  /** To be done before the first exponential. */
  void begin() {
    asm.lea(base, constants);
    asm.vmovups(LEAST, at(base, LOWEST_POWER));
    asm.vmovups(GREATEST, at(base, HIGHEST_POWER));
  }

  /** The constants, outside of the code's way. */
  void emitConstants() {
    asm.align(VECTOR);
    asm.bind(constants);
    for (var coefficient : ExponentialCode.COEFFICIENTS) {
      emit(Float.floatToRawIntBits(coefficient));
    }
    emit(127);
    // 2 to the first has the exponent's bits of 0, 2 to the second those of infinity.
    emit(Float.floatToRawIntBits(-127));
    emit(Float.floatToRawIntBits(128));
    for (var constant : ExponentialCode.NATURAL) {
      emit(Float.floatToRawIntBits(constant));
    }
  }

  private void emit(int bits) {
    for (var lane = 0; lane < 8; lane++) {
      asm.data(bits);
    }
  }

  /**
   * {@code into = 2^t}: below 2⁻¹²⁶ it may be 0, from 2¹²⁷·⁵ up it is ∞, NaN stays. Changes {@code
   * t} and {@code n}.
   */
  void power(Vector into, Vector t, Vector n) {
    asm.vmaxps(t, LEAST, t); // the second source wins where it is NaN
    asm.vminps(t, GREATEST, t);
    asm.vroundps(n, t, 0);
    asm.vsubps(t, t, n);
    polynomial(into, t);
    asm.vcvtps2dq(n, n);
    scale(into, n);
  }

  /** {@code into = e^x} as {@link ExponentialCode#exp}; changes {@code x} and {@code n}. */
  void exp(Vector into, Vector x, Vector n) {
    asm.vmovups(n, at(base, LOWEST));
    asm.vmaxps(x, n, x);
    asm.vmovups(n, at(base, HIGHEST));
    asm.vminps(x, n, x);
    asm.vmulps(n, x, at(base, LOG2_E));
    asm.vroundps(n, n, 0);
    asm.vmovaps(into, n);
    asm.vfmsub231ps(into, x, at(base, LOG2_E));
    asm.vfmadd231ps(into, x, at(base, LOG2_E_LOW));
    asm.vmovaps(x, into);
    polynomial(into, x);
    // In two steps, of which the first is exact, for subnormal powers.
    asm.vcvtps2dq(n, n);
    asm.vpsrad(x, n, 1);
    asm.vpsubd(n, n, x);
    scale(into, x);
    scale(into, n);
  }

  private void polynomial(Vector into, Vector r) {
    var last = ExponentialCode.COEFFICIENTS.length - 1;
    asm.vmovups(into, at(base, VECTOR * last));
    for (var power = last - 1; power >= 0; power--) {
      asm.vfmadd213ps(into, r, at(base, VECTOR * power));
    }
  }

  /** {@code into *= 2^n}; changes {@code n}. */
  private void scale(Vector into, Vector n) {
    asm.vpaddd(n, n, at(base, BIAS));
    asm.vpslld(n, n, 23);
    asm.vmulps(into, into, n);
  }
}
