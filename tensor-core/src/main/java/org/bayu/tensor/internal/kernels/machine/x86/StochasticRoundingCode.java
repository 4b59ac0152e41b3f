package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.SplitMix64;
import org.bayu.tensor.internal.kernels.StochasticRounding;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;

/**
 * {@link StochasticRounding#narrow}: {@code void narrow(float* src, bf16* dst, long eights, long
 * state)}, where {@code state} is SplitMix64's before the first group of four.
 */
final class StochasticRoundingCode {
  /** Elements at a time: two groups. */
  static final int ELEMENTS = 2 * StochasticRounding.GROUP;

  /** What makes a NaN a quiet one. */
  static final int QUIET = 0x0040_0000;

  private final Avx2Assembler asm;

  private StochasticRoundingCode(Avx2Assembler asm) {
    this.asm = asm;
  }

  /** Appends the function. */
  static void emit(Avx2Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 4, 0);
    frame.prologue();
    new StochasticRoundingCode(asm).emit();
    frame.epilogue();
  }

  private void emit() {
    asm.mov(RAX, QUIET);
    asm.vmovd(xmm(7), RAX);
    asm.vbroadcastss(ymm(7), xmm(7));
    asm.mov(R8, SplitMix64.GAMMA);
    asm.mov(R9, SplitMix64.FIRST_FACTOR);
    asm.mov(R10, SplitMix64.SECOND_FACTOR);
    asm.align(32);
    var again = asm.here();
    nextRandom();
    asm.vmovq(xmm(0), RAX);
    nextRandom();
    asm.vmovq(xmm(1), RAX);
    asm.vshufps(xmm(0), xmm(0), xmm(1), 0x44);
    asm.vpmovzxwd(ymm(0), xmm(0));
    asm.vmovups(ymm(1), at(RDI));
    asm.vpaddd(ymm(0), ymm(0), ymm(1));
    // The sum would make another number of a NaN.
    asm.vpor(ymm(2), ymm(1), ymm(7));
    asm.vcmpps(ymm(1), ymm(1), ymm(1), 3);
    asm.vblendvps(ymm(0), ymm(0), ymm(2), ymm(1));
    asm.vpsrld(ymm(0), ymm(0), 16);
    asm.vextractf128(xmm(1), ymm(0), 1);
    asm.vpackusdw(xmm(0), xmm(0), xmm(1));
    asm.vmovups(at(RSI), xmm(0));
    asm.add(RDI, 4 * ELEMENTS);
    asm.add(RSI, 2 * ELEMENTS);
    asm.dec(RDX);
    asm.jnz(again);
  }

  /** Into rax. */
  private void nextRandom() {
    asm.add(RCX, R8);
    asm.mov(RAX, RCX);
    scatter(30);
    asm.imul(RAX, R9);
    scatter(27);
    asm.imul(RAX, R10);
    scatter(31);
  }

  private void scatter(int bits) {
    asm.mov(R11, RAX);
    asm.shr(R11, bits);
    asm.xor(RAX, R11);
  }
}
