package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.AttentionKernels.BLOCK;
import static org.bayu.tensor.internal.kernels.AttentionKernels.LANES_BYTES;
import static org.bayu.tensor.internal.kernels.AttentionKernels.SHIFT_BYTES;
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
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * The exponentials of {@link AttentionKernels#softmax}: {@code void softmax(long rows, float*
 * scores, bf16* weights, int* visible, float* lanes, float* shifts, long scale, int* raised)}, the
 * scale as a float's bits, for rows of some pairs of vectors.
 *
 * <p>Scores that a row does not see are −∞ from the beginning: their exponentials are zero without
 * a second mask. A row's scores stay in registers from their maximum, which the shift hangs on, to
 * their exponentials. The product with the scale is rounded before the shift is added, for so is
 * the shift: of scores whatever size the greatest gives 2⁰.
 */
final class SoftmaxCode {
  /** The greatest exponent of 2 among weights, and so a bound for sums of their products. */
  static final float LIMIT = 32;

  static final int INFINITY_BITS = 0x7F800000;

  private static final Vector SCALE = zmm(31);
  private static final Vector HIDDEN = zmm(23);
  private static final Vector BOUND = zmm(22);
  private static final Vector SHIFT = zmm(21);
  private static final Vector VISIBLE = zmm(20);
  private static final Vector LANES = zmm(19);
  private static final Vector GREATEST = zmm(18);

  private final Avx512Assembler asm;
  private final ExponentialCode exponential;
  private final int vectors;

  private SoftmaxCode(Avx512Assembler asm, int vectors) {
    this.asm = asm;
    this.exponential = new ExponentialCode(asm);
    this.vectors = vectors;
  }

  /** Appends the function for rows of {@code 2·pairs} vectors. */
  static void emit(Avx512Assembler asm, CallingConvention convention, int pairs) {
    var frame = new Frame(asm, convention, 8, 0, RBX);
    frame.prologue();
    frame.loadStackArgument(6, R10);
    frame.loadStackArgument(7, R11);
    new SoftmaxCode(asm, 2 * pairs).emit(frame);
  }

  private void emit(Frame frame) {
    var constants = new Label();
    var numbers = new Label();
    var raise = new Label();
    var raised = new Label();
    exponential.loadConstants(constants, RAX);
    asm.vpbroadcastd(SCALE, R10);
    broadcast(HIDDEN, INFINITY_BITS | 1L << 31);
    broadcast(BOUND, Float.floatToRawIntBits(LIMIT));
    asm.lea(RBX, numbers);
    asm.align(32);
    var nextRow = asm.here();
    load();
    asm.vbroadcastss(SHIFT, at(R9));
    asm.vmovups(LANES, at(R8));
    asm.vmulps(zmm(17), SCALE, GREATEST);
    asm.vaddps(zmm(17), zmm(17), SHIFT);
    asm.vcmpps(K1, BOUND, zmm(17), 1);
    asm.kortestw(K1, K1);
    asm.jnz(raise);
    asm.bind(raised);
    for (var i = 0; i < vectors; i += 2) {
      exponentials(i);
    }
    asm.vmovups(at(R8), LANES);
    asm.add(RSI, 4 * BLOCK);
    asm.add(RDX, 2 * BLOCK);
    asm.add(RCX, 4);
    asm.add(R8, (int) LANES_BYTES);
    asm.add(R9, (int) SHIFT_BYTES);
    asm.dec(RDI);
    asm.jnz(nextRow);
    frame.epilogue();
    asm.bind(raise);
    raiseShift(raised);
    asm.align(64);
    asm.bind(numbers);
    for (var i = 0; i < 16 * vectors; i++) {
      asm.data(i);
    }
    exponential.emitConstants(constants);
  }

  private void broadcast(Vector into, long bits) {
    asm.mov(RAX, bits);
    asm.vpbroadcastd(into, RAX);
  }

  /** A row's scores into zmm0 and on, and lanes with their greatest. */
  private void load() {
    asm.vpbroadcastd(VISIBLE, at(RCX));
    for (var i = 0; i < vectors; i++) {
      var seen = i % 2 == 0 ? K1 : K2;
      asm.vmovaps(zmm(i), HIDDEN);
      asm.vpcmpd(seen, VISIBLE, at(RBX, 64 * i), 6);
      asm.vmovups(zmm(i).masked(seen), at(RSI, 64 * i));
    }
    asm.vmaxps(GREATEST, zmm(0), zmm(1));
    if (vectors > 2) {
      asm.vmaxps(zmm(17), zmm(2), zmm(3));
      for (var i = 4; i < vectors; i += 2) {
        asm.vmaxps(GREATEST, GREATEST, zmm(i));
        asm.vmaxps(zmm(17), zmm(17), zmm(i + 1));
      }
      asm.vmaxps(GREATEST, GREATEST, zmm(17));
    }
  }

  /** Scores number {@code i} and {@code i + 1} become weights. */
  private void exponentials(int i) {
    for (var j = i; j < i + 2; j++) {
      var into = zmm(8 + j % 4);
      asm.vmulps(zmm(j), SCALE, zmm(j));
      asm.vaddps(zmm(j), zmm(j), SHIFT);
      exponential.power(into, zmm(j), zmm(12 + j % 4));
      asm.vaddps(LANES, LANES, into);
    }
    var both = zmm(8 + i % 4);
    asm.vcvtne2ps2bf16(both, zmm(8 + (i + 1) % 4), both);
    asm.vmovups(at(RDX, 32 * i), both);
  }

  /** The shift becomes that of the greatest score. */
  private void raiseShift(Label done) {
    asm.vextractf64x4(ymm(16), GREATEST, 1);
    asm.vmaxps(ymm(16), ymm(16), ymm(GREATEST.number()));
    asm.vextractf32x4(xmm(17), ymm(16), 1);
    asm.vmaxps(xmm(16), xmm(16), xmm(17));
    for (var order : new int[] {0x4E, 0xB1}) {
      asm.vpermilps(xmm(17), xmm(16), order);
      asm.vmaxps(xmm(16), xmm(16), xmm(17));
    }
    asm.vbroadcastss(zmm(16), xmm(16));
    asm.vmulps(zmm(16), zmm(16), SCALE);
    asm.vpxord(zmm(17), zmm(17), zmm(17));
    asm.vsubps(zmm(17), zmm(17), zmm(16));
    asm.vsubps(zmm(16), zmm(17), SHIFT);
    asm.vmovaps(SHIFT, zmm(17));
    asm.mov32(RAX, at(R9));
    asm.vmovss(at(R9), xmm(17));
    exponential.power(zmm(8), zmm(16), zmm(12));
    asm.vmulps(LANES, LANES, zmm(8));
    asm.cmp(RAX, INFINITY_BITS);
    asm.jz(done);
    asm.vmovss(at(R9, 4), xmm(8));
    asm.mov(RAX, 1);
    asm.mov32(at(R11), RAX);
    asm.jmp(done);
  }
}
