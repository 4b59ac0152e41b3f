package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;

/**
 * {@link RowCode} with AVX2, of an even number of elements: the last parameter is how many of the
 * last 16 there are.
 */
final class Avx2RowCode {
  private static final int VECTOR = 16;

  private final Avx2Assembler asm;
  private final Avx2RoundCode rounding;

  private Avx2RowCode(Avx2Assembler asm) {
    this.asm = asm;
    rounding = new Avx2RoundCode(asm, R12);
  }

  /** Appends the function. */
  static void emit(Avx2Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 9, 0, RBX, R12);
    frame.prologue();
    frame.loadStackArgument(6, R10);
    frame.loadStackArgument(7, R11);
    frame.loadStackArgument(8, RAX);
    new Avx2RowCode(asm).emit(frame);
  }

  private void emit(Frame frame) {
    var constants = new Label();
    asm.lea(R12, constants);
    // The mask of so many pairs is where fewer than 8 ones are left.
    asm.add(RAX, RAX);
    asm.neg(RAX);
    asm.add(RAX, R12);
    asm.vmovups(ymm(13), at(RAX, Avx2RoundCode.BYTES + 2 * VECTOR));
    asm.dec(R11);
    asm.align(32);
    var nextRow = asm.here();
    var last = new Label();
    asm.vbroadcastss(ymm(2), at(RCX));
    asm.xor(RAX, RAX);
    asm.mov(RBX, R11);
    asm.test(RBX, RBX);
    asm.jz(last);
    var nextVector = asm.here();
    round();
    asm.vmovups(at(R9, RAX, 1, 0), ymm(0));
    asm.add(RAX, 2 * VECTOR);
    asm.dec(RBX);
    asm.jnz(nextVector);
    asm.bind(last);
    roundLast();
    asm.vmaskmovps(at(R9, RAX, 1, 0), ymm(13), ymm(0));
    asm.add(RSI, RDX);
    asm.add(RCX, R8);
    asm.add(R9, R10);
    asm.dec(RDI);
    asm.jnz(nextRow);
    frame.epilogue();
    rounding.emitConstants(constants);
    for (var i = 0; i < VECTOR; i++) {
      asm.data(i < VECTOR / 2 ? -1 : 0);
    }
  }

  private void round() {
    asm.vmulps(ymm(0), ymm(2), at(RSI, RAX, 2, 0));
    asm.vmulps(ymm(1), ymm(2), at(RSI, RAX, 2, 2 * VECTOR));
    narrow();
  }

  /** Sums have whole vectors of 8: of the last 16 the upper ones may be missing. */
  private void roundLast() {
    var pairs = ymm(3);
    asm.vshufps(pairs, ymm(13), ymm(13), 0);
    asm.vperm2f128(pairs, pairs, pairs, 0x11);
    asm.vmulps(ymm(0), ymm(2), at(RSI, RAX, 2, 0));
    asm.vmaskmovps(ymm(1), pairs, at(RSI, RAX, 2, 2 * VECTOR));
    asm.vmulps(ymm(1), ymm(2), ymm(1));
    narrow();
  }

  /** ymm0 and ymm1 become 16 BF16 in ymm0. */
  private void narrow() {
    for (var i = 0; i < 2; i++) {
      rounding.round(ymm(i));
      asm.vpsrld(ymm(i), ymm(i), 16);
    }
    asm.vpackusdw(ymm(0), ymm(0), ymm(1));
    asm.vpermq(ymm(0), ymm(0), 0xD8);
  }
}
