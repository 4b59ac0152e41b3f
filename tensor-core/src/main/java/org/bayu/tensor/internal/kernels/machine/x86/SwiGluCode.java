package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import java.util.function.Consumer;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * {@link BFloat16Kernels#swiGlu}: {@code void swiGlu(bf16* gate, bf16* up, bf16* y, long n)}, and
 * its gradients: {@code void backward(bf16* gate, bf16* up, bf16* dy, bf16* dGate, bf16* dUp, long
 * n)}.
 *
 * <p>σ(g) = e^min(g, 0) / (1 + e^−|g|), so that neither end overflows.
 */
final class SwiGluCode {
  private static final int SIGN = 0x80000000;

  private static final Vector ONE = zmm(19);
  private static final Vector MINUS = zmm(18);
  private static final Vector ZERO = zmm(17);

  private static final Vector GATE = zmm(0);
  private static final Vector UP = zmm(1);
  private static final Vector DY = zmm(2);
  private static final Vector SIGMOID = zmm(3);
  private static final Vector PRODUCT = zmm(6);
  private static final Vector SLOPE = zmm(7);

  private final Avx512Assembler asm;
  private final ExponentialCode exponential;
  private final VectorLoop loop;

  private SwiGluCode(Avx512Assembler asm) {
    this.asm = asm;
    exponential = new ExponentialCode(asm);
    loop = new VectorLoop(asm);
  }

  /** Appends the function that computes forward. */
  static void emitForward(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 4, 0);
    new SwiGluCode(asm).emit(frame, RCX, SwiGluCode::forward);
  }

  /** Appends the function that computes the gradients. */
  static void emitBackward(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 6, 0);
    new SwiGluCode(asm).emit(frame, R9, SwiGluCode::backward);
  }

  private void emit(Frame frame, Gp count, Consumer<SwiGluCode> vector) {
    var constants = new Label();
    frame.prologue();
    exponential.loadNaturalConstants(constants, RAX);
    asm.mov(RAX, Float.floatToRawIntBits(1));
    asm.vpbroadcastd(ONE, RAX);
    asm.mov(RAX, SIGN & 0xFFFF_FFFFL);
    asm.vpbroadcastd(MINUS, RAX);
    asm.vpxord(ZERO, ZERO, ZERO);
    loop.emit(count, RAX, R10, () -> vector.accept(this));
    frame.epilogue();
    exponential.emitConstants(constants);
  }

  private void forward() {
    loadAndSigmoid();
    asm.vmulps(GATE, GATE, SIGMOID);
    asm.vmulps(GATE, GATE, UP);
    loop.storeBFloat16(at(RDX, RAX, 2, 0), GATE);
  }

  private void backward() {
    loadAndSigmoid();
    loop.loadBFloat16(DY, at(RDX, RAX, 2, 0));
    // dGate = dy·up·σ·(1 + gate·(1 − σ))
    asm.vsubps(SLOPE, ONE, SIGMOID);
    asm.vfmadd213ps(SLOPE, GATE, ONE);
    asm.vmulps(PRODUCT, DY, UP);
    asm.vmulps(PRODUCT, PRODUCT, SIGMOID);
    asm.vmulps(PRODUCT, PRODUCT, SLOPE);
    loop.storeBFloat16(at(RCX, RAX, 2, 0), PRODUCT);
    // dUp = dy·gate·σ
    asm.vmulps(GATE, GATE, DY);
    asm.vmulps(GATE, GATE, SIGMOID);
    loop.storeBFloat16(at(R8, RAX, 2, 0), GATE);
  }

  private void loadAndSigmoid() {
    var x = zmm(4);
    var e = zmm(5);
    loop.loadBFloat16(GATE, at(RDI, RAX, 2, 0));
    loop.loadBFloat16(UP, at(RSI, RAX, 2, 0));
    asm.vpord(x, GATE, MINUS);
    exponential.exp(e, x, zmm(8));
    asm.vcmpps(K2, GATE, ZERO, 1);
    asm.vmovaps(SIGMOID, ONE);
    asm.vmovaps(SIGMOID.masked(K2), e);
    asm.vaddps(e, e, ONE);
    asm.vdivps(SIGMOID, SIGMOID, e);
  }
}
