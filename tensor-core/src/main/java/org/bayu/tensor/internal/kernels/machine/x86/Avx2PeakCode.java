package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;

/** {@link PeakCode} with AVX2 and FMA. */
final class Avx2PeakCode {
  private static final int ACCUMULATORS = 12;

  /** Floating-point operations of a step. */
  static final double FLOPS = ACCUMULATORS * 8 * 2;

  private Avx2PeakCode() {}

  static void emit(Avx2Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 1, 0);
    frame.prologue();
    for (var i = 0; i < 16; i++) {
      asm.vxorps(ymm(i), ymm(i), ymm(i));
    }
    asm.align(32);
    var again = asm.here();
    for (var i = 0; i < ACCUMULATORS; i++) {
      asm.vfmadd231ps(ymm(i), ymm(12 + i % 2), ymm(14));
    }
    asm.dec(RDI);
    asm.jnz(again);
    frame.epilogue();
  }
}
