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

import org.bayu.tensor.internal.kernels.BFloat16Kernels;

/**
 * {@link BFloat16Kernels#rotate}: {@code void rotate(bf16* x, bf16* y, float* cos, float* sin, long
 * half, long heads, long sign)}, the sign as a float's bits.
 */
final class RotationCode {
  private RotationCode() {}

  /** Appends the function. */
  static void emit(VectorLoop loop, CallingConvention convention) {
    var asm = loop.assembler();
    var frame = loop.frame(convention, 7, RBX, R12);
    frame.prologue();
    loop.begin(false);
    frame.loadStackArgument(6, RAX);
    loop.broadcast(loop.constant(0), RAX);
    asm.align(32);
    var nextHead = asm.here();
    asm.lea(R10, at(RDI, R8, 2, 0));
    asm.lea(R11, at(RSI, R8, 2, 0));
    asm.mov(RBX, R8);
    loop.emit(RBX, R12, () -> vector(loop));
    asm.lea(RDI, at(RDI, R8, 4, 0));
    asm.lea(RSI, at(RSI, R8, 4, 0));
    asm.dec(R9);
    asm.jnz(nextHead);
    frame.epilogue();
    loop.end(false);
  }

  /** Pairs of a vector and the one half a head behind it. */
  private static void vector(VectorLoop loop) {
    var first = loop.vector(0);
    var second = loop.vector(1);
    var cos = loop.vector(2);
    var sin = loop.vector(3);
    var result = loop.vector(4);
    loop.loadBFloat16(first, RDI);
    loop.loadBFloat16(second, R10);
    loop.loadFloats(cos, RDX);
    loop.loadFloats(sin, RCX);
    loop.multiply(sin, sin, loop.constant(0));
    loop.multiply(result, first, cos);
    loop.subtractProduct(result, second, sin);
    loop.multiply(second, second, cos);
    loop.addProduct(second, first, sin);
    loop.storeBFloat16(RSI, result);
    loop.storeBFloat16(R11, second);
  }
}
