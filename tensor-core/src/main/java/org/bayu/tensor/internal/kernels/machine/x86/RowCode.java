package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;

/**
 * Rows of sums times a number each, rounded to bf16: {@code void store(long rows, float* sums, long
 * sumsStride, float* factors, long factorStride, bf16* to, long stride, long vectors, long
 * lastMask)}. Of the last of a row's vectors the lanes of {@code lastMask} are stored.
 */
final class RowCode {
  private RowCode() {}

  /** Appends the function. */
  static void emit(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 9, 0, RBX);
    frame.prologue();
    frame.loadStackArgument(6, R10);
    frame.loadStackArgument(7, R11);
    frame.loadStackArgument(8, RAX);
    asm.kmovw(K1, RAX);
    asm.dec(R11);
    asm.align(32);
    var nextRow = asm.here();
    var last = new Label();
    asm.vbroadcastss(zmm(1), at(RCX));
    asm.xor(RAX, RAX);
    asm.mov(RBX, R11);
    asm.test(RBX, RBX);
    asm.jz(last);
    var nextVector = asm.here();
    round(asm);
    asm.vmovups(at(R9, RAX, 1, 0), ymm(0));
    asm.add(RAX, 32);
    asm.dec(RBX);
    asm.jnz(nextVector);
    asm.bind(last);
    round(asm);
    asm.vmovdqu16(at(R9, RAX, 1, 0).masked(K1), ymm(0));
    asm.add(RSI, RDX);
    asm.add(RCX, R8);
    asm.add(R9, R10);
    asm.dec(RDI);
    asm.jnz(nextRow);
    frame.epilogue();
  }

  private static void round(Avx512Assembler asm) {
    asm.vmulps(zmm(0), zmm(1), at(RSI, RAX, 2, 0));
    asm.vcvtneps2bf16(ymm(0), zmm(0));
  }
}
