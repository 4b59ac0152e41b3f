package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/** {@link StreamCode} with AVX-512: up to 16 sums, four rows and four vectors in registers. */
final class Avx512StreamCode extends StreamCode {
  private final Avx512Assembler asm;
  private final LoadCode load;
  private final boolean pairs;

  private Avx512StreamCode(
      Avx512Assembler asm, CallingConvention convention, Step step, DType from, int rows, int few) {
    super(asm, convention, rows, few);
    this.asm = asm;
    load = new LoadCode(asm, step, from, RBP);
    pairs = step == Step.BFLOAT16_PAIR;
  }

  /** Appends the function for so many rows and vectors. */
  static void emit(
      Avx512Assembler asm, CallingConvention convention, Step step, DType from, int rows, int few) {
    new Avx512StreamCode(asm, convention, step, from, rows, few).emit();
  }

  @Override
  int chunk() {
    return load.chunk();
  }

  @Override
  int chunkBytes() {
    return load.chunkBytes();
  }

  @Override
  int vectorBytes() {
    return 64;
  }

  @Override
  void begin() {
    asm.kmovd(K1, RAX);
    asm.shr(RAX, 16);
    asm.kmovd(K2, RAX);
    load.begin();
  }

  @Override
  void end() {
    load.end();
  }

  @Override
  void zeroSums() {
    for (var i = 0; i < rows * few; i++) {
      asm.vpxord(zmm(i), zmm(i), zmm(i));
    }
  }

  @Override
  void multiplyChunk() {
    for (var row = 0; row < rows; row++) {
      load.chunk(zmm(16 + row), row(row), false);
      prefetch(row);
    }
    multiply();
  }

  @Override
  void multiplyTail() {
    for (var row = 0; row < rows; row++) {
      load.chunk(zmm(16 + row), row(row), true);
    }
    multiply();
  }

  private void multiply() {
    for (var vector = 0; vector < few; vector++) {
      var right = zmm(20 + vector);
      asm.vmovups(right, vector(vector));
      for (var row = 0; row < rows; row++) {
        if (pairs) {
          asm.vdpbf16ps(zmm(sum(row, vector)), zmm(16 + row), right);
        } else {
          asm.vfmadd231ps(zmm(sum(row, vector)), zmm(16 + row), right);
        }
      }
    }
  }

  @Override
  void addLanes(int i) {
    asm.vextractf64x4(ymm(20), zmm(i), 1);
    asm.vaddps(ymm(i), ymm(i), ymm(20));
    asm.vextractf32x4(xmm(20), ymm(i), 1);
    asm.vaddps(xmm(i), xmm(i), xmm(20));
    asm.vpermilps(xmm(20), xmm(i), 0x4E);
    asm.vaddps(xmm(i), xmm(i), xmm(20));
    asm.vpermilps(xmm(20), xmm(i), 0xB1);
    asm.vaddps(xmm(i), xmm(i), xmm(20));
  }

  @Override
  void addOne(Vector into, Address from) {
    asm.vmovss(xmm(20), from);
    asm.vaddps(into, into, xmm(20));
  }

  @Override
  void storeOne(Address to, Vector sum) {
    asm.vmovss(to, sum);
  }
}
