package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.AttentionKernels.BLOCK;
import static org.bayu.tensor.internal.kernels.AttentionKernels.PANEL_KEYS;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R14;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * The weights and gradients of {@link AttentionKernels#softmaxGradient}: {@code void gradient(long
 * pairs, float* scores, float* products, bf16* gradients, bf16* weightsPanel, bf16* gradientsPanel,
 * int* visible, float* terms, long scale, long vectors)}, the scale as a float's bits.
 *
 * <p>Two rows at a time, so that one conversion and one permutation make a vector of the panels'
 * pairs, whose halves before the permutation are the rows.
 */
final class SoftmaxGradientCode {
  private static final Vector SCALE = zmm(31);
  private static final Vector PAIR_ORDER = zmm(23);

  private final Avx512Assembler asm;
  private final ExponentialCode exponential;

  private SoftmaxGradientCode(Avx512Assembler asm) {
    this.asm = asm;
    this.exponential = new ExponentialCode(asm);
  }

  /** Appends the function. */
  static void emit(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 10, 0, RBX, R12, R13, R14, R15);
    frame.prologue();
    frame.loadStackArgument(6, R10);
    frame.loadStackArgument(7, R11);
    frame.loadStackArgument(8, RAX);
    frame.loadStackArgument(9, R12);
    new SoftmaxGradientCode(asm).emit(frame);
  }

  private void emit(Frame frame) {
    var constants = new Label();
    var numbers = new Label();
    asm.vpbroadcastd(SCALE, RAX);
    exponential.loadConstants(constants, RAX);
    asm.lea(R15, numbers);
    asm.vmovups(PAIR_ORDER, at(R15, 4 * BLOCK));
    asm.align(32);
    var nextPair = asm.here();
    for (var row = 0; row < 2; row++) {
      asm.vpbroadcastd(visible(row), at(R10, 4 * row));
      asm.vbroadcastss(shift(row), at(R11, 8 * row));
      asm.vbroadcastss(addend(row), at(R11, 8 * row + 4));
    }
    asm.xor(R13, R13);
    asm.xor(R14, R14);
    asm.mov(RBX, R12);
    asm.align(32);
    var nextVector = asm.here();
    vector();
    asm.add(R13, 64);
    asm.add(R14, 32);
    asm.dec(RBX);
    asm.jnz(nextVector);
    asm.add(RSI, 2 * 4 * BLOCK);
    asm.add(RDX, 2 * 4 * BLOCK);
    asm.add(RCX, 2 * 2 * BLOCK);
    asm.add(R8, 4 * PANEL_KEYS);
    asm.add(R9, 4 * PANEL_KEYS);
    asm.add(R10, 2 * 4);
    asm.add(R11, 2 * 8);
    asm.dec(RDI);
    asm.jnz(nextPair);
    frame.epilogue();
    asm.align(64);
    asm.bind(numbers);
    for (var i = 0; i < BLOCK; i++) {
      asm.data(i);
    }
    for (var lane = 0; lane < 16; lane++) {
      asm.data(((16 + lane) << 16) | lane);
    }
    exponential.emitConstants(constants);
  }

  private static Vector visible(int row) {
    return zmm(16 + row);
  }

  private static Vector shift(int row) {
    return zmm(18 + row);
  }

  private static Vector addend(int row) {
    return zmm(20 + row);
  }

  /** 16 keys of two rows. */
  private void vector() {
    for (var row = 0; row < 2; row++) {
      var seen = row == 0 ? K1 : K2;
      var t = zmm(8 + row);
      var weight = zmm(row);
      var gradient = zmm(2 + row);
      asm.vpcmpd(seen, visible(row), at(R15, R13, 1, 0), 6);
      asm.vmulps(t, SCALE, at(RSI, R13, 1, 4 * BLOCK * row));
      asm.vaddps(t, t, shift(row));
      exponential.power(weight.zeroed(seen), t, zmm(10 + row));
      asm.vaddps(gradient, addend(row), at(RDX, R13, 1, 4 * BLOCK * row));
      asm.vmulps(gradient.zeroed(seen), gradient, weight);
    }
    asm.vcvtne2ps2bf16(zmm(0), zmm(1), zmm(0));
    asm.vpermw(zmm(0), PAIR_ORDER, zmm(0));
    asm.vmovups(at(R8, R13, 1, 0), zmm(0));
    asm.vcvtne2ps2bf16(zmm(2), zmm(3), zmm(2));
    asm.vmovups(at(RCX, R14, 1, 0), ymm(2));
    asm.vextracti64x4(at(RCX, R14, 1, 2 * BLOCK), zmm(2), 1);
    asm.vpermw(zmm(2), PAIR_ORDER, zmm(2));
    asm.vmovups(at(R9, R13, 1, 0), zmm(2));
  }
}
