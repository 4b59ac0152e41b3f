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
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * {@link BFloat16Kernels#rotate}: {@code void rotate(bf16* x, bf16* y, float* cos, float* sin, long
 * half, long heads, long sign)}, the sign as a float's bits.
 */
final class RotationCode {
  private static final Vector SIGN = zmm(19);

  private RotationCode() {}

  /** Appends the function. */
  static void emit(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 7, 0, RBX, R12);
    frame.prologue();
    frame.loadStackArgument(6, RAX);
    asm.vpbroadcastd(SIGN, RAX);
    asm.align(32);
    var nextHead = asm.here();
    asm.lea(R10, at(RDI, R8, 2, 0));
    asm.lea(R11, at(RSI, R8, 2, 0));
    asm.mov(RBX, R8);
    var loop = new VectorLoop(asm);
    loop.emit(RBX, RAX, R12, () -> vector(asm, loop));
    asm.lea(RDI, at(RDI, R8, 4, 0));
    asm.lea(RSI, at(RSI, R8, 4, 0));
    asm.dec(R9);
    asm.jnz(nextHead);
    frame.epilogue();
  }

  /** 16 pairs. */
  private static void vector(Avx512Assembler asm, VectorLoop loop) {
    var first = zmm(0);
    var second = zmm(1);
    var cos = zmm(2);
    var sin = zmm(3);
    var result = zmm(4);
    loop.loadBFloat16(first, at(RDI, RAX, 2, 0));
    loop.loadBFloat16(second, at(R10, RAX, 2, 0));
    loop.loadFloats(cos, at(RDX, RAX, 4, 0));
    loop.loadFloats(sin, at(RCX, RAX, 4, 0));
    asm.vmulps(sin, sin, SIGN);
    asm.vmulps(result, first, cos);
    asm.vfnmadd231ps(result, second, sin);
    asm.vmulps(second, second, cos);
    asm.vfmadd231ps(second, first, sin);
    loop.storeBFloat16(at(RSI, RAX, 2, 0), result);
    loop.storeBFloat16(at(R11, RAX, 2, 0), second);
  }
}
