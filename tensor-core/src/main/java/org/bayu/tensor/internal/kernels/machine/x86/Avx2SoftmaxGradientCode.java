package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.AttentionKernels.BLOCK;
import static org.bayu.tensor.internal.kernels.AttentionKernels.PANEL_KEYS;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * {@link SoftmaxGradientCode} with AVX2: weights and gradients are F32, and a panel of them is
 * their rows, so that nothing is written to {@code gradients}.
 */
final class Avx2SoftmaxGradientCode {
  private static final Vector SCALE = ymm(13);
  private static final Vector SHIFT = ymm(12);
  private static final Vector VISIBLE = ymm(11);
  private static final Vector ADDEND = ymm(10);

  private final Avx2Assembler asm;
  private final Avx2ExponentialCode exponential;

  private Avx2SoftmaxGradientCode(Avx2Assembler asm) {
    this.asm = asm;
    exponential = new Avx2ExponentialCode(asm, RBP, new Label());
  }

  /** Appends the function. */
  static void emit(Avx2Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 10, 0, RBX, RBP, R12, R13, R15);
    frame.prologue();
    frame.loadStackArgument(6, R10);
    frame.loadStackArgument(7, R11);
    frame.loadStackArgument(8, RAX);
    frame.loadStackArgument(9, R12);
    new Avx2SoftmaxGradientCode(asm).emit(frame);
  }

  private void emit(Frame frame) {
    var numbers = new Label();
    asm.vmovd(xmm(SCALE.number()), RAX);
    asm.vbroadcastss(SCALE, xmm(SCALE.number()));
    exponential.begin();
    asm.lea(R15, numbers);
    asm.add(RDI, RDI);
    asm.align(32);
    var nextRow = asm.here();
    asm.vbroadcastss(VISIBLE, at(R10));
    asm.vbroadcastss(SHIFT, at(R11));
    asm.vbroadcastss(ADDEND, at(R11, 4));
    asm.xor(R13, R13);
    asm.mov(RBX, R12);
    asm.align(32);
    var nextVectors = asm.here();
    vector(0);
    vector(1);
    asm.add(R13, 64);
    asm.dec(RBX);
    asm.jnz(nextVectors);
    asm.add(RSI, 4 * BLOCK);
    asm.add(RDX, 4 * BLOCK);
    asm.add(R8, 4 * PANEL_KEYS);
    asm.add(R9, 4 * PANEL_KEYS);
    asm.add(R10, 4);
    asm.add(R11, 8);
    asm.dec(RDI);
    asm.jnz(nextRow);
    frame.epilogue();
    asm.align(32);
    asm.bind(numbers);
    for (var i = 0; i < BLOCK; i++) {
      asm.data(i);
    }
    exponential.emitConstants();
  }

  /** 8 keys of a row. */
  private void vector(int i) {
    var weight = ymm(5 * i);
    var t = ymm(5 * i + 1);
    var n = ymm(5 * i + 2);
    var seen = ymm(5 * i + 3);
    var gradient = ymm(5 * i + 4);
    asm.vpcmpgtd(seen, VISIBLE, at(R15, R13, 1, 32 * i));
    asm.vmulps(t, SCALE, at(RSI, R13, 1, 32 * i));
    asm.vaddps(t, t, SHIFT);
    exponential.power(weight, t, n);
    asm.vaddps(gradient, ADDEND, at(RDX, R13, 1, 32 * i));
    asm.vpand(weight, weight, seen);
    asm.vmulps(gradient, gradient, weight);
    asm.vpand(gradient, gradient, seen);
    asm.vmovups(at(R8, R13, 1, 32 * i), weight);
    asm.vmovups(at(R9, R13, 1, 32 * i), gradient);
  }
}
