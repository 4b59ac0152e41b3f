package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;

import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.FloatLoops;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;

/**
 * The functions of {@link FloatLoops} with AVX2, also where there is AVX-512: their bits are the
 * same on all processors with machine code. A float is passed as its bits, and a sum is returned as
 * those of a double.
 */
final class FloatLoopsCode {
  private final Avx2Assembler asm = new Avx2Assembler();
  private final CallingConvention convention;
  private final List<Integer> starts = new ArrayList<>();

  private FloatLoopsCode(CallingConvention convention) {
    this.convention = convention;
  }

  /**
   * Assembles them.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  static FloatLoops assemble(CallingConvention convention) throws CodeRefusedException {
    var code = new FloatLoopsCode(convention);
    code.widen();
    code.narrow();
    code.add();
    code.addScaled();
    code.scale();
    code.sumOfSquares();
    code.max();
    code.expAndSum();
    return new FloatLoops(CodeBuffer.of(code.asm.toByteArray()), code.starts);
  }

  /** {@code void widen(bf16* src, float* dst, long n)}. */
  private void widen() {
    var loop = new Avx2Loop(asm);
    var value = loop.vector(0);
    emit(
        loop,
        3,
        false,
        () ->
            each(
                loop,
                RDX,
                () -> {
                  loop.loadBFloat16(value, at(RDI, RAX, 2, 0));
                  loop.storeFloats(at(RSI, RAX, 4, 0), value);
                }));
  }

  /** {@code void narrow(float* src, bf16* dst, long n)}. */
  private void narrow() {
    var loop = new Avx2Loop(asm);
    var value = loop.vector(0);
    emit(
        loop,
        3,
        false,
        () ->
            each(
                loop,
                RDX,
                () -> {
                  loop.loadFloats(value, at(RDI, RAX, 4, 0));
                  loop.storeBFloat16(at(RSI, RAX, 2, 0), value);
                }));
  }

  /** {@code void add(float* a, float* b, float* y, long n)}. */
  private void add() {
    var loop = new Avx2Loop(asm);
    var a = loop.vector(0);
    var b = loop.vector(1);
    emit(
        loop,
        4,
        false,
        () ->
            each(
                loop,
                RCX,
                () -> {
                  loop.loadFloats(a, at(RDI, RAX, 4, 0));
                  loop.loadFloats(b, at(RSI, RAX, 4, 0));
                  loop.add(a, a, b);
                  loop.storeFloats(at(RDX, RAX, 4, 0), a);
                }));
  }

  /** {@code void addScaled(float* x, float* y, long n, long alpha)}. */
  private void addScaled() {
    var loop = new Avx2Loop(asm);
    var alpha = loop.constant(0);
    var x = loop.vector(0);
    var y = loop.vector(1);
    emit(
        loop,
        4,
        false,
        () -> {
          loop.broadcast(alpha, RCX);
          each(
              loop,
              RDX,
              () -> {
                loop.loadFloats(x, at(RDI, RAX, 4, 0));
                loop.loadFloats(y, at(RSI, RAX, 4, 0));
                loop.addProduct(y, x, alpha);
                loop.storeFloats(at(RSI, RAX, 4, 0), y);
              });
        });
  }

  /** {@code void scale(float* x, long n, long alpha)}. */
  private void scale() {
    var loop = new Avx2Loop(asm);
    var alpha = loop.constant(0);
    var x = loop.vector(0);
    emit(
        loop,
        3,
        false,
        () -> {
          loop.broadcast(alpha, RDX);
          each(
              loop,
              RSI,
              () -> {
                loop.loadFloats(x, at(RDI, RAX, 4, 0));
                loop.multiply(x, x, alpha);
                loop.storeFloats(at(RDI, RAX, 4, 0), x);
              });
        });
  }

  /** {@code long sumOfSquares(float* x, long n)}. */
  private void sumOfSquares() {
    var loop = new Avx2Loop(asm);
    var low = loop.constant(0);
    var high = loop.constant(1);
    var x = loop.vector(2);
    emit(
        loop,
        2,
        false,
        () -> {
          loop.zero(low);
          loop.zero(high);
          each(
              loop,
              RSI,
              () -> {
                loop.loadFloats(x, at(RDI, RAX, 4, 0));
                loop.addSquares(low, high, x);
              });
          loop.sumDoubles(RAX, low, high);
        });
  }

  /** {@code long max(float* x, long n)}, which returns a float's bits. */
  private void max() {
    var loop = new Avx2Loop(asm);
    var greatest = loop.constant(0);
    var isNaN = loop.constant(1);
    var x = loop.vector(2);
    emit(
        loop,
        2,
        false,
        () -> {
          asm.mov(RAX, Float.floatToRawIntBits(Float.NEGATIVE_INFINITY));
          loop.broadcast(greatest, RAX);
          loop.zero(isNaN);
          each(
              loop,
              RSI,
              () -> {
                loop.loadFloats(x, at(RDI, RAX, 4, 0));
                loop.max(greatest, isNaN, x);
              });
          loop.maxOfLanes(RAX, greatest, isNaN);
        });
  }

  /** {@code long expAndSum(float* x, long n, long shift)}. */
  private void expAndSum() {
    var loop = new Avx2Loop(asm);
    var low = loop.constant(0);
    var high = loop.constant(1);
    var shift = loop.constant(2);
    var x = loop.vector(2);
    var power = loop.vector(3);
    emit(
        loop,
        3,
        true,
        () -> {
          loop.broadcast(shift, RDX);
          loop.zero(low);
          loop.zero(high);
          each(
              loop,
              RSI,
              () -> {
                loop.loadFloats(x, at(RDI, RAX, 4, 0));
                loop.subtract(x, x, shift);
                loop.exp(power, x, loop.vector(4));
                loop.storeFloats(at(RDI, RAX, 4, 0), power);
                loop.addDoubles(low, high, power);
              });
          loop.sumDoubles(RAX, low, high);
        });
  }

  /** Appends a function. */
  private void emit(Avx2Loop loop, int arguments, boolean hasExponentials, Runnable body) {
    asm.align(64);
    starts.add(asm.position());
    var frame = loop.frame(convention, arguments);
    frame.prologue();
    loop.begin(hasExponentials, RAX);
    body.run();
    frame.epilogue();
    loop.end(hasExponentials);
  }

  /** Appends a loop over {@code count} elements, by rax. */
  private static void each(Avx2Loop loop, Gp count, Runnable body) {
    loop.emit(count, RAX, R10, body);
  }
}
