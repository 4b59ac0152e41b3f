package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.ProductCode;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;

/**
 * {@link PackCode} with AVX2: eight lanes at a time, and at each step one k, as F32. What tells of
 * a tail is its number of elements.
 */
final class Avx2PackCode {
  /** Bytes between what is turned and what is fetched. */
  private static final int AHEAD = 256;

  /** The power of two of rows between what is read and what is fetched. */
  private static final int ROWS_AHEAD = 4;

  private final Avx2Assembler asm;
  private final DType from;
  private final Avx2LoadCode load;

  private Avx2PackCode(Avx2Assembler asm, Step step, DType from, Gp constants) {
    this.asm = asm;
    this.from = from;
    load = new Avx2LoadCode(asm, step, from, constants);
  }

  /**
   * Eight lanes whose elements of k lie side by side: {@code void steps(byte** lanes, long k, byte*
   * to, long stride, long tail)}.
   */
  static void emitSteps(Avx2Assembler asm, CallingConvention convention, Step step, DType from) {
    var frame = new Frame(asm, convention, 5, 0, RBX, RBP, R12, R13);
    frame.prologue();
    var pack = new Avx2PackCode(asm, step, from, RBP);
    pack.load.begin();
    pack.emitSteps();
    frame.epilogue();
    pack.load.end();
  }

  private void emitSteps() {
    asm.lea(R9, at(RCX, RCX, 2, 0));
    asm.lea(R11, at(RCX, RCX, 4, 0));
    asm.lea(RAX, at(R11, RCX, 2, 0));
    asm.xor(R10, R10);
    var tail = new Label();
    var end = new Label();
    asm.cmp(RSI, Avx2LoadCode.CHUNK);
    asm.jl(tail);
    var again = asm.here();
    for (var lane = 0; lane < 8; lane++) {
      asm.mov(RBX, at(RDI, 8 * lane));
      load.chunk(ymm(lane), at(RBX, R10, 1, 0));
      asm.prefetcht0(at(RBX, R10, 1, AHEAD));
    }
    transposeAndStore();
    asm.add(R10, load.chunkBytes());
    asm.sub(RSI, Avx2LoadCode.CHUNK);
    asm.cmp(RSI, Avx2LoadCode.CHUNK);
    asm.jge(again);
    asm.bind(tail);
    asm.test(RSI, RSI);
    asm.jz(end);
    asm.lea(R13, at(R10, R8, from.bytes(), -from.bytes()));
    load.beginTail(R8);
    for (var lane = 0; lane < 8; lane++) {
      asm.mov(RBX, at(RDI, 8 * lane));
      load.tail(ymm(lane), at(RBX, R10, 1, 0), at(RBX, R13, 1, 0), R8);
    }
    transposeAndStore();
    asm.bind(end);
  }

  /** The 8×8 numbers in ymm0 to ymm7: lanes become steps. */
  private void transposeAndStore() {
    for (var i = 0; i < 8; i += 2) {
      asm.vunpcklps(ymm(8 + i), ymm(i), ymm(i + 1));
      asm.vunpckhps(ymm(9 + i), ymm(i), ymm(i + 1));
    }
    for (var i = 0; i < 8; i += 4) {
      asm.vshufps(ymm(i), ymm(8 + i), ymm(10 + i), 0x44);
      asm.vshufps(ymm(i + 1), ymm(8 + i), ymm(10 + i), 0xEE);
      asm.vshufps(ymm(i + 2), ymm(9 + i), ymm(11 + i), 0x44);
      asm.vshufps(ymm(i + 3), ymm(9 + i), ymm(11 + i), 0xEE);
    }
    for (var i = 0; i < 4; i++) {
      asm.vperm2f128(ymm(8 + i), ymm(i), ymm(4 + i), 0x20);
      asm.vperm2f128(ymm(12 + i), ymm(i), ymm(4 + i), 0x31);
    }
    for (var step = 0; step < 8; step++) {
      asm.vmovups(PackCode.step(step), ymm(8 + step));
    }
    asm.lea(RDX, at(RDX, RCX, 8, 0));
  }

  /**
   * Lanes that lie side by side, up to eight a group: {@code void lanes(byte* from, long stride,
   * long k, byte* to, long toStride, long tail)}, of the last group so many.
   */
  static void emitLanes(
      Avx2Assembler asm, CallingConvention convention, Step step, DType from, int groups) {
    var frame = new Frame(asm, convention, 6, 0, R12);
    frame.prologue();
    var pack = new Avx2PackCode(asm, step, from, R10);
    pack.load.begin();
    pack.emitLanes(groups);
    frame.epilogue();
    pack.load.end();
  }

  private void emitLanes(int groups) {
    var end = new Label();
    asm.test(RDX, RDX);
    asm.jz(end);
    var last = load.chunkBytes() * (groups - 1);
    asm.lea(R12, at(RDI, R9, from.bytes(), last - from.bytes()));
    load.beginTail(R9);
    var again = asm.here();
    for (var line = 0; line < load.chunkBytes() * groups; line += 64) {
      asm.prefetcht0(at(RDI, RSI, 8, line));
    }
    for (var group = 0; group < groups - 1; group++) {
      load.chunk(ymm(group % 8), at(RDI, load.chunkBytes() * group));
      asm.vmovups(at(RCX, 32 * group), ymm(group % 8));
    }
    load.tail(ymm(0), at(RDI, last), at(R12), R9);
    asm.vmovups(at(RCX, 32 * (groups - 1)), ymm(0));
    asm.add(RDI, RSI);
    asm.add(R12, RSI);
    asm.add(RCX, R8);
    asm.dec(RDX);
    asm.jnz(again);
    asm.bind(end);
  }

  /**
   * Lanes that lie side by side, of {@link ProductCode#COLUMNS}, become panels of a tile's lanes:
   * {@code void tiles(byte* from, long stride, long k, float* to)}.
   *
   * @param vectors of a tile
   * @param tileBytes from a tile's panel to the next one's
   */
  static void emitLanesOfTiles(
      Avx2Assembler asm,
      CallingConvention convention,
      Step step,
      DType from,
      int vectors,
      int tileBytes) {
    var frame = new Frame(asm, convention, 4, 0);
    frame.prologue();
    var pack = new Avx2PackCode(asm, step, from, R10);
    pack.load.begin();
    pack.emitLanesOfTiles(vectors, tileBytes);
    frame.epilogue();
    pack.load.end();
  }

  private void emitLanesOfTiles(int vectors, int tileBytes) {
    var groups = ProductCode.COLUMNS / Avx2LoadCode.CHUNK;
    var lineBytes = load.chunkBytes() * groups;
    asm.mov(R11, RSI);
    asm.shl(R11, ROWS_AHEAD);
    asm.add(R11, RDI);
    asm.align(32);
    var again = asm.here();
    for (var line = 0; line < lineBytes; line += 64) {
      asm.prefetcht0(at(R11, line));
    }
    for (var group = 0; group < groups; group++) {
      load.chunk(ymm(group), at(RDI, load.chunkBytes() * group));
      asm.vmovups(at(RCX, group / vectors * tileBytes + 32 * (group % vectors)), ymm(group));
    }
    asm.add(RDI, RSI);
    asm.add(R11, RSI);
    asm.add(RCX, 32 * vectors);
    asm.dec(RDX);
    asm.jnz(again);
  }

  /**
   * Rows that lie side by side become strips of a tile's rows: {@code void strips(long steps,
   * float* from, long stride, float* to, long tileStride, long tiles)}.
   */
  static void emitStrips(Avx2Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 6, 0);
    frame.prologue();
    var nextStrip = asm.here();
    asm.mov(RAX, RSI);
    asm.mov(R10, RCX);
    asm.mov(R11, RDI);
    var nextStep = asm.here();
    asm.vmovups(ymm(0), at(RAX));
    asm.vextractf128(xmm(1), ymm(0), 1);
    asm.vmovups(at(R10), xmm(0));
    asm.vmovlps(at(R10, 16), xmm(1));
    asm.add(RAX, RDX);
    asm.add(R10, 4 * Avx2TileCode.ROWS);
    asm.dec(R11);
    asm.jnz(nextStep);
    asm.add(RSI, 4 * Avx2TileCode.ROWS);
    asm.add(RCX, R8);
    asm.dec(R9);
    asm.jnz(nextStrip);
    frame.epilogue();
  }
}
