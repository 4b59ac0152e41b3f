package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.AttentionKernels.BLOCK;
import static org.bayu.tensor.internal.kernels.AttentionKernels.LANES_BYTES;
import static org.bayu.tensor.internal.kernels.AttentionKernels.PANEL_KEYS;
import static org.bayu.tensor.internal.kernels.AttentionKernels.SHIFT_BYTES;
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
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * {@link SoftmaxCode} with AVX2: weights are F32. A row is read twice, for its greatest score and
 * for the exponentials.
 */
final class Avx2SoftmaxCode {
  private static final Vector SCALE = ymm(13);
  private static final Vector SHIFT = ymm(12);
  private static final Vector VISIBLE = ymm(11);
  private static final Vector HIDDEN = ymm(8);
  private static final Vector GREATEST = ymm(6);

  /** Constants behind the numbers of keys. */
  private static final int HIDDEN_AT = 4 * BLOCK, BOUND_AT = HIDDEN_AT + 32;

  private final Avx2Assembler asm;
  private final Avx2ExponentialCode exponential;
  private final int vectors;
  private final Label raise = new Label();
  private final Label raised = new Label();

  private Avx2SoftmaxCode(Avx2Assembler asm, int vectors) {
    this.asm = asm;
    exponential = new Avx2ExponentialCode(asm, R12, new Label());
    this.vectors = vectors;
  }

  /** Appends the function for rows of an even number of vectors. */
  static void emit(Avx2Assembler asm, CallingConvention convention, int vectors) {
    var frame = new Frame(asm, convention, 8, 0, RBX, R12);
    frame.prologue();
    frame.loadStackArgument(6, R10);
    frame.loadStackArgument(7, R11);
    new Avx2SoftmaxCode(asm, vectors).emit(frame);
  }

  /** Sums of 16 lanes as two vectors. */
  private static Vector lanes(int i) {
    return ymm(9 + i % 2);
  }

  private void emit(Frame frame) {
    var numbers = new Label();
    exponential.begin();
    asm.lea(RBX, numbers);
    asm.vmovd(xmm(SCALE.number()), R10);
    asm.vbroadcastss(SCALE, xmm(SCALE.number()));
    asm.vmovups(HIDDEN, at(RBX, HIDDEN_AT));
    asm.align(32);
    var nextRow = asm.here();
    asm.vbroadcastss(VISIBLE, at(RCX));
    asm.vbroadcastss(SHIFT, at(R9));
    asm.vmovups(lanes(0), at(R8));
    asm.vmovups(lanes(1), at(R8, 32));
    findGreatest();
    asm.vmulps(ymm(0), SCALE, GREATEST);
    asm.vaddps(ymm(0), ymm(0), SHIFT);
    asm.vmovups(ymm(1), at(RBX, BOUND_AT));
    asm.vcmpps(ymm(0), ymm(1), ymm(0), 1);
    asm.vptest(ymm(0), ymm(0));
    asm.jnz(raise);
    asm.bind(raised);
    for (var i = 0; i < vectors; i++) {
      exponentials(i);
    }
    asm.vmovups(at(R8), lanes(0));
    asm.vmovups(at(R8, 32), lanes(1));
    asm.add(RSI, 4 * BLOCK);
    asm.add(RDX, 4 * PANEL_KEYS);
    asm.add(RCX, 4);
    asm.add(R8, (int) LANES_BYTES);
    asm.add(R9, (int) SHIFT_BYTES);
    asm.dec(RDI);
    asm.jnz(nextRow);
    frame.epilogue();
    asm.bind(raise);
    raiseShift();
    asm.align(32);
    asm.bind(numbers);
    for (var i = 0; i < BLOCK; i++) {
      asm.data(i);
    }
    for (var lane = 0; lane < 8; lane++) {
      asm.data(SoftmaxCode.INFINITY_BITS | Integer.MIN_VALUE);
    }
    for (var lane = 0; lane < 8; lane++) {
      asm.data(Float.floatToRawIntBits(SoftmaxCode.LIMIT));
    }
    exponential.emitConstants();
  }

  /** Lanes with the greatest of the row's scores that are seen. */
  private void findGreatest() {
    for (var i = 0; i < vectors; i++) {
      var seen = ymm(i % 3);
      var into = i < 2 ? greatest(i) : ymm(3 + i % 3);
      asm.vpcmpgtd(seen, VISIBLE, at(RBX, 32 * i));
      asm.vblendvps(into, HIDDEN, at(RSI, 32 * i), seen);
      if (i >= 2) {
        asm.vmaxps(greatest(i), greatest(i), into);
      }
    }
    asm.vmaxps(GREATEST, greatest(0), greatest(1));
  }

  private static Vector greatest(int i) {
    return ymm(GREATEST.number() + i % 2);
  }

  private void exponentials(int i) {
    var first = 3 * (i % 2);
    var weight = ymm(first);
    var t = ymm(first + 1);
    var seen = ymm(first + 2);
    asm.vmulps(t, SCALE, at(RSI, 32 * i));
    asm.vaddps(t, t, SHIFT);
    exponential.power(weight, t, seen);
    asm.vpcmpgtd(seen, VISIBLE, at(RBX, 32 * i));
    asm.vpand(weight, weight, seen);
    asm.vaddps(lanes(i), lanes(i), weight);
    asm.vmovups(at(RDX, 32 * i), weight);
  }

  /** The shift becomes that of the greatest score. */
  private void raiseShift() {
    asm.vextractf128(xmm(0), GREATEST, 1);
    asm.vmaxps(xmm(0), xmm(0), xmm(GREATEST.number()));
    for (var order : new int[] {0x4E, 0xB1}) {
      asm.vshufps(xmm(1), xmm(0), xmm(0), order);
      asm.vmaxps(xmm(0), xmm(0), xmm(1));
    }
    asm.vbroadcastss(ymm(0), xmm(0));
    asm.vmulps(ymm(0), ymm(0), SCALE);
    asm.vxorps(ymm(1), ymm(1), ymm(1));
    asm.vsubps(ymm(1), ymm(1), ymm(0));
    asm.vsubps(ymm(0), ymm(1), SHIFT);
    asm.vmovaps(SHIFT, ymm(1));
    asm.mov32(RAX, at(R9));
    asm.vmovss(at(R9), xmm(1));
    exponential.power(ymm(2), ymm(0), ymm(3));
    asm.vmulps(lanes(0), lanes(0), ymm(2));
    asm.vmulps(lanes(1), lanes(1), ymm(2));
    asm.cmp(RAX, SoftmaxCode.INFINITY_BITS);
    asm.jz(raised);
    asm.vmovss(at(R9, 4), xmm(2));
    asm.mov(RAX, 1);
    asm.mov32(at(R11), RAX);
    asm.jmp(raised);
  }
}
