package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * Rounding to BF16 with AVX2, to nearest, ties to even, NaN stays NaN: the bits of {@link
 * org.bayu.tensor.BFloat16#round}. The constants are read from memory, behind {@code base}. Changes
 * ymm14 and ymm15.
 */
record Avx2RoundCode(Avx2Assembler asm, Gp base) {
  /** Bytes of the constants. */
  static final int BYTES = 3 * 32;

  private static final int ONE = 0, HALF = 32, QUIET = 64;

  /** The predicate of vcmpps that is true of NaN. */
  private static final int UNORDERED = 3;

  /** The constants, at {@code label}. */
  void emitConstants(Label label) {
    asm.align(32);
    asm.bind(label);
    for (var constant : new int[] {1, 0x7FFF, 0x0040_0000}) {
      for (var lane = 0; lane < 8; lane++) {
        asm.data(constant);
      }
    }
  }

  /** Leaves what is rounded in the upper halves; the lower ones have anything. */
  void round(Vector value) {
    var rounded = ymm(14);
    var isNaN = ymm(15);
    asm.vpsrld(rounded, value, 16);
    asm.vpand(rounded, rounded, at(base, ONE));
    asm.vpaddd(rounded, rounded, at(base, HALF));
    asm.vpaddd(rounded, rounded, value);
    asm.vcmpps(isNaN, value, value, UNORDERED);
    asm.vpor(value, value, at(base, QUIET));
    asm.vblendvps(value, rounded, value, isNaN);
  }
}
