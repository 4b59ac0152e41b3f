package org.bayu.tensor.internal.kernels.machine.x86;

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
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * A row's norm and its gradient: {@link BFloat16Kernels#scaleAndMultiply}, {@code void scale(float*
 * x, float* weight, bf16* y, long n, long factor)}, and {@link BFloat16Kernels#rmsNormBackward},
 * {@code void backward(float* x, float* weight, bf16* dy, float* dx, long n, long inverseRms, long
 * share)}, where c = share · Σ dy·weight·x. Factor, inverseRms and share are floats' bits.
 */
final class RmsNormCode {
  private static final Vector FACTOR = zmm(19);
  private static final Vector C = zmm(18);

  private final Avx512Assembler asm;
  private final VectorLoop loop;

  private RmsNormCode(Avx512Assembler asm) {
    this.asm = asm;
    loop = new VectorLoop(asm);
  }

  /** Appends the function that scales. */
  static void emitScale(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 5, 0);
    frame.prologue();
    new RmsNormCode(asm).emitScale();
    frame.epilogue();
  }

  private void emitScale() {
    asm.vpbroadcastd(FACTOR, R8);
    loop.emit(
        RCX,
        RAX,
        R10,
        () -> {
          loop.loadFloats(zmm(0), at(RDI, RAX, 4, 0));
          loop.loadFloats(zmm(1), at(RSI, RAX, 4, 0));
          asm.vmulps(zmm(0), zmm(0), FACTOR);
          asm.vmulps(zmm(0), zmm(0), zmm(1));
          loop.storeBFloat16(at(RDX, RAX, 2, 0), zmm(0));
        });
  }

  /** Appends the function that computes the gradient. */
  static void emitBackward(Avx512Assembler asm, CallingConvention convention) {
    emitBackward(asm, convention, false);
  }

  /** Appends the one that adds it to what dx has. */
  static void emitBackwardAdding(Avx512Assembler asm, CallingConvention convention) {
    emitBackward(asm, convention, true);
  }

  private static void emitBackward(
      Avx512Assembler asm, CallingConvention convention, boolean adds) {
    var frame = new Frame(asm, convention, 7, 0, RBX);
    frame.prologue();
    frame.loadStackArgument(6, R11);
    new RmsNormCode(asm).emitBackward(adds);
    frame.epilogue();
  }

  private void emitBackward(boolean adds) {
    asm.mov(RBX, R8);
    asm.vpxord(C, C, C);
    loop.emit(
        RBX,
        RAX,
        R10,
        () -> {
          loadGradient();
          asm.vfmadd231ps(C, zmm(0), zmm(1));
        });
    // The lanes' sums, halves by halves.
    asm.vextractf64x4(ymm(0), C, 1);
    asm.vaddps(ymm(0), ymm(0), ymm(C.number()));
    asm.vextractf32x4(xmm(1), ymm(0), 1);
    asm.vaddps(xmm(0), xmm(0), xmm(1));
    for (var order : new int[] {0x4E, 0xB1}) {
      asm.vpermilps(xmm(1), xmm(0), order);
      asm.vaddps(xmm(0), xmm(0), xmm(1));
    }
    asm.vbroadcastss(C, xmm(0));
    asm.vpbroadcastd(FACTOR, R11);
    asm.vmulps(C, C, FACTOR);
    asm.vpbroadcastd(FACTOR, R9);
    loop.emit(
        R8,
        RAX,
        R10,
        () -> {
          loadGradient();
          asm.vfnmadd231ps(zmm(0), C, zmm(1));
          if (adds) {
            loop.loadFloats(zmm(1), at(RCX, RAX, 4, 0));
            asm.vfmadd213ps(zmm(0), FACTOR, zmm(1));
          } else {
            asm.vmulps(zmm(0), zmm(0), FACTOR);
          }
          loop.storeFloats(at(RCX, RAX, 4, 0), zmm(0));
        });
  }

  /** zmm0 = dy·weight, zmm1 = x. */
  private void loadGradient() {
    loop.loadBFloat16(zmm(0), at(RDX, RAX, 2, 0));
    loop.loadFloats(zmm(1), at(RSI, RAX, 4, 0));
    asm.vmulps(zmm(0), zmm(0), zmm(1));
    loop.loadFloats(zmm(1), at(RDI, RAX, 4, 0));
  }
}
