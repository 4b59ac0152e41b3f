package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * The exponentials of a row of logits: {@link BFloat16Kernels#sumOfExp}, {@code long sum(float* x,
 * long n, long shift)}, which returns a double's bits, and {@link BFloat16Kernels#scaledExp},
 * {@code void scaled(float* x, bf16* y, long n, long shift, long factor)}. Shift and factor are
 * floats' bits.
 */
final class LogitsCode {
  private static final Vector SHIFT = zmm(19);
  private static final Vector FACTOR = zmm(18);
  private static final Vector LOW = zmm(17);
  private static final Vector HIGH = zmm(15);

  private final Avx512Assembler asm;
  private final ExponentialCode exponential;
  private final VectorLoop loop;
  private final Label constants = new Label();

  private LogitsCode(Avx512Assembler asm) {
    this.asm = asm;
    exponential = new ExponentialCode(asm);
    loop = new VectorLoop(asm);
  }

  /** Appends the function that sums. */
  static void emitSum(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 3, 0);
    frame.prologue();
    new LogitsCode(asm).emitSum(frame);
  }

  /** Appends the function that scales and stores. */
  static void emitScaled(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 5, 0);
    frame.prologue();
    new LogitsCode(asm).emitScaled(frame);
  }

  private void emitSum(Frame frame) {
    asm.vpbroadcastd(SHIFT, RDX);
    exponential.loadNaturalConstants(constants, RAX);
    asm.vpxord(LOW, LOW, LOW);
    asm.vpxord(HIGH, HIGH, HIGH);
    loop.emit(
        RSI,
        RAX,
        R10,
        () -> {
          exp(zmm(0), at(RDI, RAX, 4, 0));
          loop.dropRest(zmm(0));
          asm.vextractf64x4(ymm(1), zmm(0), 1);
          asm.vcvtps2pd(zmm(0), ymm(0));
          asm.vcvtps2pd(zmm(1), ymm(1));
          asm.vaddpd(LOW, LOW, zmm(0));
          asm.vaddpd(HIGH, HIGH, zmm(1));
        });
    // The lanes' sums, halves by halves.
    asm.vaddpd(zmm(0), LOW, HIGH);
    asm.vextractf64x4(ymm(1), zmm(0), 1);
    asm.vaddpd(ymm(0), ymm(0), ymm(1));
    asm.vextractf32x4(xmm(1), ymm(0), 1);
    asm.vaddpd(xmm(0), xmm(0), xmm(1));
    asm.vpermilps(xmm(1), xmm(0), 0x4E);
    asm.vaddpd(xmm(0), xmm(0), xmm(1));
    asm.vmovq(RAX, xmm(0));
    frame.epilogue();
    exponential.emitConstants(constants);
  }

  private void emitScaled(Frame frame) {
    asm.vpbroadcastd(SHIFT, RCX);
    asm.vpbroadcastd(FACTOR, R8);
    exponential.loadNaturalConstants(constants, RAX);
    loop.emit(
        RDX,
        RAX,
        R10,
        () -> {
          exp(zmm(0), at(RDI, RAX, 4, 0));
          asm.vmulps(zmm(0), zmm(0), FACTOR);
          loop.storeBFloat16(at(RSI, RAX, 2, 0), zmm(0));
        });
    frame.epilogue();
    exponential.emitConstants(constants);
  }

  /** Loads, then exp(x − shift). */
  private void exp(Vector into, Address from) {
    var x = zmm(1);
    loop.loadFloats(x, from);
    asm.vsubps(x, x, SHIFT);
    exponential.exp(into, x, zmm(2));
  }
}
