package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;

/**
 * Multiply-adds with AVX-512 from registers alone, as many as the processor can do: what products
 * are measured by. {@code void peak(long steps)}.
 */
final class PeakCode {
  private static final int ACCUMULATORS = 28;

  private PeakCode() {}

  /** Floating-point operations of a step. */
  static double flops(boolean bfloat16) {
    return ACCUMULATORS * 16.0 * (bfloat16 ? 4 : 2);
  }

  static void emit(Avx512Assembler asm, CallingConvention convention, boolean bfloat16) {
    var frame = new Frame(asm, convention, 1, 0);
    frame.prologue();
    for (var i = 0; i < 32; i++) {
      asm.vpxord(zmm(i), zmm(i), zmm(i));
    }
    asm.align(32);
    var again = asm.here();
    for (var i = 0; i < ACCUMULATORS; i++) {
      if (bfloat16) {
        asm.vdpbf16ps(zmm(i), zmm(28 + i % 2), zmm(30));
      } else {
        asm.vfmadd231ps(zmm(i), zmm(28 + i % 2), zmm(30));
      }
    }
    asm.dec(RDI);
    asm.jnz(again);
    frame.epilogue();
  }
}
