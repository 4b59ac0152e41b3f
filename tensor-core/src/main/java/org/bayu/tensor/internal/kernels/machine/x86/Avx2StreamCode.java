package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/** {@link StreamCode} with AVX2: eight sums, four vectors and one row in registers. */
final class Avx2StreamCode extends StreamCode {
  private static final int VECTOR = 8, ROW = 12;

  private final Avx2Assembler asm;
  private final Avx2LoadCode load;
  private final DType from;

  private Avx2StreamCode(
      Avx2Assembler asm, CallingConvention convention, Step step, DType from, int rows, int few) {
    super(asm, convention, rows, few);
    this.asm = asm;
    this.from = from;
    load = new Avx2LoadCode(asm, step, from, RBP);
  }

  /** Rows that are read at the same time: as many as there are registers for their sums. */
  static int rows(int few) {
    return few <= 2 ? 4 : 2;
  }

  /** Appends the function for so many rows and vectors. */
  static void emit(
      Avx2Assembler asm, CallingConvention convention, Step step, DType from, int rows, int few) {
    new Avx2StreamCode(asm, convention, step, from, rows, few).emit();
  }

  @Override
  int chunk() {
    return Avx2LoadCode.CHUNK;
  }

  @Override
  int chunkBytes() {
    return load.chunkBytes();
  }

  @Override
  int vectorBytes() {
    return 32;
  }

  @Override
  void begin() {
    load.begin();
  }

  @Override
  void end() {
    load.end();
  }

  @Override
  void zeroSums() {
    for (var i = 0; i < rows * few; i++) {
      asm.vxorps(ymm(i), ymm(i), ymm(i));
    }
  }

  @Override
  void multiplyChunk() {
    loadVectors();
    for (var row = 0; row < rows; row++) {
      load.chunk(ymm(ROW), row(row));
      prefetch(row);
      multiply(row);
    }
  }

  @Override
  void multiplyTail() {
    loadVectors();
    asm.mov(R15, RDX);
    load.beginTail(R15);
    asm.lea(RDX, at(R12, RDX, from.bytes(), -from.bytes()));
    for (var row = 0; row < rows; row++) {
      load.tail(ymm(ROW), row(row), row(RDX, row), R15);
      multiply(row);
    }
  }

  private void loadVectors() {
    for (var vector = 0; vector < few; vector++) {
      asm.vmovups(ymm(VECTOR + vector), vector(vector));
    }
  }

  private void multiply(int row) {
    for (var vector = 0; vector < few; vector++) {
      asm.vfmadd231ps(ymm(sum(row, vector)), ymm(ROW), ymm(VECTOR + vector));
    }
  }

  @Override
  void addLanes(int i) {
    asm.vextractf128(xmm(ROW), ymm(i), 1);
    asm.vaddps(xmm(i), xmm(i), xmm(ROW));
    asm.vshufps(xmm(ROW), xmm(i), xmm(i), 0x4E);
    asm.vaddps(xmm(i), xmm(i), xmm(ROW));
    asm.vshufps(xmm(ROW), xmm(i), xmm(i), 0xB1);
    asm.vaddps(xmm(i), xmm(i), xmm(ROW));
  }

  @Override
  void addOne(Vector into, Address from) {
    asm.vmovss(xmm(ROW), from);
    asm.vaddps(into, into, xmm(ROW));
  }

  @Override
  void storeOne(Address to, Vector sum) {
    asm.vmovss(to, sum);
  }
}
