package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
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

/**
 * The functions of {@link FloatLoops} with AVX2, also where there is AVX-512: their bits are the
 * same on all processors with machine code. A float is passed as its bits, and a sum is returned as
 * those of a double.
 */
final class FloatLoopsCode {
  private final Avx2Assembler asm = new Avx2Assembler();
  private final CallingConvention convention;
  private final List<Integer> starts = new ArrayList<>();

  // The function under way.
  private Avx2Loop loop;
  private Frame frame;

  private FloatLoopsCode(CallingConvention convention) {
    this.convention = convention;
    loop = new Avx2Loop(asm);
    frame = loop.frame(convention, 0);
  }

  /**
   * Assembles them.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  static FloatLoops assemble(CallingConvention convention) throws CodeRefusedException {
    var code = new FloatLoopsCode(convention);
    code.append(3, false, code::widen);
    code.append(6, false, code::narrow);
    code.append(4, false, code::add);
    code.append(4, false, code::addScaled);
    code.append(3, false, code::scale);
    code.append(7, false, code::addScaledRows);
    code.append(2, false, code::sumOfSquares);
    code.append(2, false, code::max);
    code.append(3, true, code::expAndSum);
    return new FloatLoops(CodeBuffer.of(code.asm.toByteArray()), code.starts);
  }

  private void append(int arguments, boolean hasExponentials, Runnable function) {
    asm.align(64);
    starts.add(asm.position());
    loop = new Avx2Loop(asm);
    frame = loop.frame(convention, arguments);
    frame.prologue();
    loop.begin(hasExponentials);
    function.run();
    frame.epilogue();
    loop.end(hasExponentials);
  }

  /** {@code void widen(bf16* src, float* dst, long n)}. */
  private void widen() {
    var value = loop.vector(0);
    loop.emit(
        RDX,
        () -> {
          loop.loadBFloat16(value, RDI);
          loop.storeFloats(RSI, value);
        });
  }

  /**
   * {@code void narrow(float* src, bf16* dst, long n, long rows, long srcStride, long dstStride)}.
   */
  private void narrow() {
    var value = loop.vector(0);
    emitRows(
        () -> {
          loop.loadFloats(value, RDI);
          loop.storeBFloat16(RSI, value);
        });
  }

  /** {@code void add(float* a, float* b, float* y, long n)}. */
  private void add() {
    var a = loop.vector(0);
    var b = loop.vector(1);
    loop.emit(
        RCX,
        () -> {
          loop.loadFloats(a, RDI);
          loop.loadFloats(b, RSI);
          loop.add(a, a, b);
          loop.storeFloats(RDX, a);
        });
  }

  /** {@code void addScaled(float* x, float* y, long n, long alpha)}. */
  private void addScaled() {
    var alpha = loop.constant(0);
    var x = loop.vector(0);
    var y = loop.vector(1);
    loop.broadcast(alpha, RCX);
    loop.emit(
        RDX,
        () -> {
          loop.loadFloats(x, RDI);
          loop.loadFloats(y, RSI);
          loop.addProduct(y, x, alpha);
          loop.storeFloats(RSI, y);
        });
  }

  /**
   * {@code void addScaledRows(float* x, bf16* y, long n, long rows, long xStride, long yStride,
   * long alpha)}.
   */
  private void addScaledRows() {
    var alpha = loop.constant(0);
    var x = loop.vector(0);
    var y = loop.vector(1);
    frame.loadStackArgument(6, RAX);
    loop.broadcast(alpha, RAX);
    emitRows(
        () -> {
          loop.loadFloats(x, RDI);
          loop.loadBFloat16(y, RSI);
          loop.addProduct(y, x, alpha);
          loop.storeBFloat16(RSI, y);
        });
  }

  /**
   * A body for rdx elements of each of rcx rows, of F32 from rdi on, r8 bytes apart, and BF16 from
   * rsi on, r9 bytes apart; rax is the element.
   */
  private void emitRows(Runnable body) {
    asm.mov(R11, RDX);
    var nextRow = asm.here();
    // Rows may be too far apart for the processor to foresee them.
    asm.lea(R10, at(RSI, R9, 4, 0));
    asm.prefetchw(at(R10));
    asm.prefetchw(at(R10, 64));
    asm.mov(RDX, R11);
    loop.emit(RDX, body);
    asm.add(RDI, R8);
    asm.add(RSI, R9);
    asm.dec(RCX);
    asm.jnz(nextRow);
  }

  /** {@code void scale(float* x, long n, long alpha)}. */
  private void scale() {
    var alpha = loop.constant(0);
    var x = loop.vector(0);
    loop.broadcast(alpha, RDX);
    loop.emit(
        RSI,
        () -> {
          loop.loadFloats(x, RDI);
          loop.multiply(x, x, alpha);
          loop.storeFloats(RDI, x);
        });
  }

  /** {@code long sumOfSquares(float* x, long n)}. */
  private void sumOfSquares() {
    var low = loop.constant(0);
    var high = loop.constant(1);
    var x = loop.vector(2);
    loop.zero(low);
    loop.zero(high);
    loop.emit(
        RSI,
        () -> {
          loop.loadFloats(x, RDI);
          loop.addSquares(low, high, x);
        });
    loop.sumDoubles(RAX, low, high);
  }

  /** {@code long max(float* x, long n)}, which returns a float's bits. */
  private void max() {
    var greatest = loop.constant(0);
    var isNaN = loop.constant(1);
    var x = loop.vector(2);
    asm.mov(RAX, Float.floatToRawIntBits(Float.NEGATIVE_INFINITY));
    loop.broadcast(greatest, RAX);
    loop.zero(isNaN);
    loop.emit(
        RSI,
        () -> {
          loop.loadFloats(x, RDI);
          loop.max(greatest, isNaN, x);
        });
    loop.maxOfLanes(RAX, greatest, isNaN);
  }

  /** {@code long expAndSum(float* x, long n, long shift)}. */
  private void expAndSum() {
    var low = loop.constant(0);
    var high = loop.constant(1);
    var shift = loop.constant(2);
    var x = loop.vector(2);
    var power = loop.vector(3);
    loop.broadcast(shift, RDX);
    loop.zero(low);
    loop.zero(high);
    loop.emit(
        RSI,
        () -> {
          loop.loadFloats(x, RDI);
          loop.subtract(x, x, shift);
          loop.exp(power, x, loop.vector(4));
          loop.storeFloats(RDI, power);
          loop.addDoubles(low, high, power);
        });
    loop.sumDoubles(RAX, low, high);
  }
}
