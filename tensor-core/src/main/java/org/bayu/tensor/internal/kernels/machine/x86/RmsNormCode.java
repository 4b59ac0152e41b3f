package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;

import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * A row's norm and its gradient: {@link BFloat16Kernels#scaleAndMultiply}, {@code void scale(float*
 * x, float* weight, bf16* y, long n, long factor)}, and {@link BFloat16Kernels#rmsNormBackward},
 * {@code void backward(float* x, float* weight, bf16* dy, float* dx, long n, long inverseRms, long
 * share)}, where c = share · Σ dy·weight·x. Factor, inverseRms and share are floats' bits.
 */
final class RmsNormCode {
  private final VectorLoop loop;
  private final Vector factor;
  private final Vector c;
  private final Vector first;
  private final Vector second;

  private RmsNormCode(VectorLoop loop) {
    this.loop = loop;
    factor = loop.constant(0);
    c = loop.constant(1);
    first = loop.vector(0);
    second = loop.vector(1);
  }

  /** Appends the function that scales. */
  static void emitScale(VectorLoop loop, CallingConvention convention) {
    var frame = loop.frame(convention, 5);
    frame.prologue();
    loop.begin(false);
    new RmsNormCode(loop).emitScale();
    frame.epilogue();
    loop.end(false);
  }

  private void emitScale() {
    loop.broadcast(factor, R8);
    loop.emit(
        RCX,
        () -> {
          loop.loadFloats(first, RDI);
          loop.loadFloats(second, RSI);
          loop.multiply(first, first, factor);
          loop.multiply(first, first, second);
          loop.storeBFloat16(RDX, first);
        });
  }

  /** Appends the function that computes the gradient. */
  static void emitBackward(VectorLoop loop, CallingConvention convention) {
    emitBackward(loop, convention, false);
  }

  /** Appends the one that adds it to what dx has. */
  static void emitBackwardAdding(VectorLoop loop, CallingConvention convention) {
    emitBackward(loop, convention, true);
  }

  private static void emitBackward(VectorLoop loop, CallingConvention convention, boolean adds) {
    var frame = loop.frame(convention, 7, RBX);
    frame.prologue();
    frame.loadStackArgument(6, R11);
    loop.begin(false);
    new RmsNormCode(loop).emitBackward(adds);
    frame.epilogue();
    loop.end(false);
  }

  private void emitBackward(boolean adds) {
    loop.assembler().mov(RBX, R8);
    loop.zero(c);
    loop.emit(
        RBX,
        () -> {
          loadGradient();
          loop.addProduct(c, first, second);
        });
    loop.sumLanes(c);
    loop.broadcast(factor, R11);
    loop.multiply(c, c, factor);
    loop.broadcast(factor, R9);
    loop.emit(
        R8,
        () -> {
          loadGradient();
          loop.subtractProduct(first, c, second);
          if (adds) {
            loop.loadFloats(second, RCX);
            loop.multiplyAndAdd(first, factor, second);
          } else {
            loop.multiply(first, first, factor);
          }
          loop.storeFloats(RCX, first);
        });
  }

  /** The first is dy·weight, the second x. */
  private void loadGradient() {
    loop.loadBFloat16(first, RDX);
    loop.loadFloats(second, RSI);
    loop.multiply(first, first, second);
    loop.loadFloats(second, RDI);
  }
}
