package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;

import java.util.function.Consumer;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
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

  private final VectorLoop loop;
  private final Vector one;
  private final Vector minus;
  private final Vector zero;
  private final Vector gate;
  private final Vector up;
  private final Vector dy;
  private final Vector sigmoid;

  private SwiGluCode(VectorLoop loop) {
    this.loop = loop;
    one = loop.constant(0);
    minus = loop.constant(1);
    zero = loop.constant(2);
    gate = loop.vector(0);
    up = loop.vector(1);
    dy = loop.vector(2);
    sigmoid = loop.vector(3);
  }

  /** Appends the function that computes forward. */
  static void emitForward(VectorLoop loop, CallingConvention convention) {
    new SwiGluCode(loop).emit(loop.frame(convention, 4), RCX, SwiGluCode::forward);
  }

  /** Appends the function that computes the gradients. */
  static void emitBackward(VectorLoop loop, CallingConvention convention) {
    new SwiGluCode(loop).emit(loop.frame(convention, 6), R9, SwiGluCode::backward);
  }

  private void emit(Frame frame, Gp count, Consumer<SwiGluCode> vector) {
    var asm = loop.assembler();
    frame.prologue();
    loop.begin(true);
    asm.mov(RAX, Float.floatToRawIntBits(1));
    loop.broadcast(one, RAX);
    asm.mov(RAX, SIGN & 0xFFFF_FFFFL);
    loop.broadcast(minus, RAX);
    loop.zero(zero);
    loop.emit(count, () -> vector.accept(this));
    frame.epilogue();
    loop.end(true);
  }

  private void forward() {
    loadAndSigmoid();
    loop.multiply(gate, gate, sigmoid);
    loop.multiply(gate, gate, up);
    loop.storeBFloat16(RDX, gate);
  }

  private void backward() {
    var product = loop.vector(6);
    var slope = loop.vector(7);
    loadAndSigmoid();
    loop.loadBFloat16(dy, RDX);
    // dGate = dy·up·σ·(1 + gate·(1 − σ))
    loop.subtract(slope, one, sigmoid);
    loop.multiplyAndAdd(slope, gate, one);
    loop.multiply(product, dy, up);
    loop.multiply(product, product, sigmoid);
    loop.multiply(product, product, slope);
    loop.storeBFloat16(RCX, product);
    // dUp = dy·gate·σ
    loop.multiply(gate, gate, dy);
    loop.multiply(gate, gate, sigmoid);
    loop.storeBFloat16(R8, gate);
  }

  private void loadAndSigmoid() {
    var x = loop.vector(4);
    var e = loop.vector(5);
    loop.loadBFloat16(gate, RDI);
    loop.loadBFloat16(up, RSI);
    loop.or(x, gate, minus);
    loop.exp(e, x, loop.vector(8));
    loop.choose(sigmoid, gate, zero, e, one);
    loop.add(e, e, one);
    loop.divide(sigmoid, sigmoid, e);
  }
}
