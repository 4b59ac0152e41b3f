package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;

import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * The exponentials of a row of logits: {@link BFloat16Kernels#sumOfExp}, {@code long sum(float* x,
 * long n, long shift)}, which returns a double's bits, and {@link BFloat16Kernels#scaledExp},
 * {@code void scaled(float* x, bf16* y, long n, long shift, long factor)}. Shift and factor are
 * floats' bits.
 */
final class LogitsCode {
  private final VectorLoop loop;
  private final Vector shift;
  private final Vector factor;
  private final Vector result;

  private LogitsCode(VectorLoop loop) {
    this.loop = loop;
    shift = loop.constant(0);
    factor = loop.constant(1);
    result = loop.vector(0);
  }

  /** Appends the function that sums. */
  static void emitSum(VectorLoop loop, CallingConvention convention) {
    var frame = loop.frame(convention, 3);
    frame.prologue();
    new LogitsCode(loop).emitSum();
    frame.epilogue();
    loop.end(true);
  }

  /** Appends the function that scales and stores. */
  static void emitScaled(VectorLoop loop, CallingConvention convention) {
    var frame = loop.frame(convention, 5);
    frame.prologue();
    new LogitsCode(loop).emitScaled();
    frame.epilogue();
    loop.end(true);
  }

  private void emitSum() {
    var low = loop.constant(2);
    var high = loop.constant(3);
    loop.broadcast(shift, RDX);
    loop.begin(true);
    loop.zero(low);
    loop.zero(high);
    loop.emit(
        RSI,
        () -> {
          exp(RDI);
          loop.addDoubles(low, high, result);
        });
    loop.sumDoubles(RAX, low, high);
  }

  private void emitScaled() {
    loop.broadcast(shift, RCX);
    loop.broadcast(factor, R8);
    loop.begin(true);
    loop.emit(
        RDX,
        () -> {
          exp(RDI);
          loop.multiply(result, result, factor);
          loop.storeBFloat16(RSI, result);
        });
  }

  /** Loads, then exp(x − shift). */
  private void exp(Gp from) {
    var x = loop.vector(1);
    loop.loadFloats(x, from);
    loop.subtract(x, x, shift);
    loop.exp(result, x, loop.vector(2));
  }
}
