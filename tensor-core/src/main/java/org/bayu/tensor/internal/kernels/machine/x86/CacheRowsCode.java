package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R14;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
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
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * Products of a few rows with the rows of a cache, with AVX2, in vectors of eight elements.
 *
 * <p>All forms of a function give an element the same bits: a score's lanes are chains in ascending
 * order and are added by halves; an element of a sum is one chain.
 */
final class CacheRowsCode {
  /** Elements of a vector. */
  static final int CHUNK = 8;

  /** Rows of the cache that are fetched before they are read. */
  private static final int AHEAD = 16;

  /** Registers behind the eight sums. */
  private static final int FIRST = 8, SECOND = 9, OTHERS = 10, LAST = 15;

  private final Avx2Assembler asm;
  private final Frame frame;
  private final DType from;

  private CacheRowsCode(Avx2Assembler asm, CallingConvention convention, DType from) {
    this.asm = asm;
    this.from = from;
    frame = new Frame(asm, convention, 8, 0, RBX, RBP, R12, R13, R14, R15);
  }

  private int chunkBytes() {
    return CHUNK * from.bytes();
  }

  private void load(Vector into, Address address) {
    if (from == DType.BF16) {
      asm.vpmovzxwd(into, address);
      asm.vpslld(into, into, 16);
    } else {
      asm.vmovups(into, address);
    }
  }

  private static Address strided(Gp base, Gp stride, Gp threeStrides, int index) {
    return switch (index) {
      case 0 -> at(base);
      case 1, 2 -> at(base, stride, index, 0);
      default -> at(base, threeStrides, 1, 0);
    };
  }

  private void begin() {
    frame.prologue();
    frame.loadStackArgument(6, RBX);
    frame.loadStackArgument(7, RBP);
  }

  private void zeroSums(int count) {
    for (var i = 0; i < count; i++) {
      asm.vxorps(ymm(i), ymm(i), ymm(i));
    }
  }

  /**
   * Appends {@code void scores(float* a, long aStride, byte* x, long xStride, long chunks, float*
   * scores, long scoresStride, long groups)}: the products of {@code rows} rows of a with groups of
   * {@code keys} rows of x, 4 with 2, 1 with 8, or 1 with 1. The form 4 with 2 writes two elements
   * behind a row's scores.
   */
  static void emitScores(
      Avx2Assembler asm, CallingConvention convention, DType from, int rows, int keys) {
    new CacheRowsCode(asm, convention, from).emitScores(rows, keys);
  }

  private void emitScores(int rows, int keys) {
    begin();
    asm.lea(R10, at(RSI, RSI, 2, 0));
    asm.lea(R11, at(RCX, RCX, 2, 0));
    asm.align(32);
    var nextGroup = asm.here();
    zeroSums(rows * keys);
    asm.mov(R12, RDI);
    asm.mov(R13, RDX);
    asm.mov(R15, AHEAD);
    asm.imul(R15, RCX);
    asm.add(R15, RDX);
    if (keys == 8) {
      asm.lea(RAX, at(RDX, RCX, 4, 0));
      asm.lea(RBX, at(R15, RCX, 4, 0));
    }
    asm.mov(R14, R8);
    asm.align(32);
    var nextChunk = asm.here();
    if (rows == 1) {
      multiplyOneRow(keys);
    } else {
      multiplyRows(rows, keys);
    }
    asm.add(R12, 4 * CHUNK);
    asm.add(R13, chunkBytes());
    asm.add(R15, chunkBytes());
    if (keys == 8) {
      asm.add(RAX, chunkBytes());
      asm.add(RBX, chunkBytes());
    }
    asm.dec(R14);
    asm.jnz(nextChunk);
    storeScores(rows, keys);
    asm.add(R9, 4 * keys);
    if (keys == 8) {
      asm.lea(RDX, at(RDX, RCX, 8, 0));
    } else {
      asm.lea(RDX, at(RDX, RCX, keys, 0));
    }
    asm.dec(RBP);
    asm.jnz(nextGroup);
    frame.epilogue();
  }

  private void multiplyOneRow(int keys) {
    asm.vmovups(ymm(LAST), at(R12));
    for (var key = 0; key < keys; key++) {
      var value = ymm(FIRST + key % 4);
      load(value, strided(key < 4 ? R13 : RAX, RCX, R11, key % 4));
      asm.prefetcht0(strided(key < 4 ? R15 : RBX, RCX, R11, key % 4));
      asm.vfmadd231ps(ymm(key), value, ymm(LAST));
    }
  }

  /** Sum {@code row · keys + key} is that of a row and a key. */
  private void multiplyRows(int rows, int keys) {
    for (var key = 0; key < keys; key++) {
      load(ymm(FIRST + key), strided(R13, RCX, R11, key));
      asm.prefetcht0(strided(R15, RCX, R11, key));
    }
    for (var row = 0; row < rows; row++) {
      asm.vmovups(ymm(OTHERS + row), strided(R12, RSI, R10, row));
      for (var key = 0; key < keys; key++) {
        asm.vfmadd231ps(ymm(row * keys + key), ymm(OTHERS + row), ymm(FIRST + key));
      }
    }
  }

  private void storeScores(int rows, int keys) {
    if (rows * keys == 1) {
      addLanes();
      asm.vmovss(at(R9), xmm(0));
      return;
    }
    addEight();
    if (rows == 1) {
      asm.vmovups(at(R9), ymm(0));
      return;
    }
    // Two scores of each row; the two that are stored behind them the next group overwrites.
    asm.lea(RAX, at(RBX, RBX, 2, 0));
    asm.vextractf128(xmm(1), ymm(0), 1);
    asm.vshufps(xmm(2), xmm(0), xmm(0), 0xEE);
    asm.vshufps(xmm(3), xmm(1), xmm(1), 0xEE);
    asm.vmovups(at(R9), xmm(0));
    asm.vmovups(at(R9, RBX, 1, 0), xmm(2));
    asm.vmovups(at(R9, RBX, 2, 0), xmm(1));
    asm.vmovups(at(R9, RAX, 1, 0), xmm(3));
  }

  /** Adds up the lanes of register 0, into its first. */
  private void addLanes() {
    var other = xmm(FIRST);
    asm.vextractf128(other, ymm(0), 1);
    asm.vaddps(xmm(0), xmm(0), other);
    asm.vshufps(other, xmm(0), xmm(0), 0x4E);
    asm.vaddps(xmm(0), xmm(0), other);
    asm.vshufps(other, xmm(0), xmm(0), 0xB1);
    asm.vaddps(xmm(0), xmm(0), other);
  }

  /** Adds up the lanes of registers 0 to 7, in the same order; register 0 has the eight results. */
  private void addEight() {
    var left = ymm(FIRST);
    var right = ymm(SECOND);
    // Of each register and the fourth behind it: their halves side by side, and added.
    for (var i = 0; i < 4; i++) {
      asm.vperm2f128(left, ymm(i), ymm(i + 4), 0x20);
      asm.vperm2f128(right, ymm(i), ymm(i + 4), 0x31);
      asm.vaddps(ymm(i), left, right);
    }
    for (var i = 0; i < 4; i += 2) {
      asm.vshufps(left, ymm(i), ymm(i + 1), 0x44);
      asm.vshufps(right, ymm(i), ymm(i + 1), 0xEE);
      asm.vaddps(ymm(i), left, right);
    }
    asm.vshufps(left, ymm(0), ymm(2), 0x88);
    asm.vshufps(right, ymm(0), ymm(2), 0xDD);
    asm.vaddps(ymm(0), left, right);
  }

  /**
   * Appends {@code void sums(float* weights, long weightsStride, byte* x, long xStride, long keys,
   * float* sums, long sumsStride, long blocks)}: sums of {@code rows} rows, 4 or 1, in blocks of
   * {@code vectors} vectors, up to 8 registers of sums.
   */
  static void emitSums(
      Avx2Assembler asm, CallingConvention convention, DType from, int rows, int vectors) {
    new CacheRowsCode(asm, convention, from).emitSums(rows, vectors);
  }

  private void emitSums(int rows, int vectors) {
    begin();
    asm.lea(R10, at(RSI, RSI, 2, 0));
    asm.lea(R11, at(RBX, RBX, 2, 0));
    asm.align(32);
    var nextBlock = asm.here();
    zeroSums(rows * vectors);
    asm.mov(R12, RDI);
    asm.mov(R13, RDX);
    asm.mov(R15, AHEAD);
    asm.imul(R15, RCX);
    asm.add(R15, RDX);
    asm.mov(R14, R8);
    asm.align(32);
    var nextKey = asm.here();
    if (rows == 1) {
      addToOneRow(vectors);
    } else {
      addToRows(rows, vectors);
    }
    for (var line = 0; line < vectors * chunkBytes(); line += 64) {
      asm.prefetcht0(at(R15, line));
    }
    asm.add(R12, 4);
    asm.add(R13, RCX);
    asm.add(R15, RCX);
    asm.dec(R14);
    asm.jnz(nextKey);
    for (var row = 0; row < rows; row++) {
      for (var vector = 0; vector < vectors; vector++) {
        asm.vmovups(strided(R9, RBX, R11, row).plus(32 * vector), ymm(row * vectors + vector));
      }
    }
    asm.add(R9, 32 * vectors);
    asm.add(RDX, vectors * chunkBytes());
    asm.dec(RBP);
    asm.jnz(nextBlock);
    frame.epilogue();
  }

  private void addToOneRow(int vectors) {
    asm.vbroadcastss(ymm(LAST), at(R12));
    for (var vector = 0; vector < vectors; vector++) {
      var value = ymm(FIRST + vector % 4);
      load(value, at(R13, vector * chunkBytes()));
      asm.vfmadd231ps(ymm(vector), ymm(LAST), value);
    }
  }

  private void addToRows(int rows, int vectors) {
    for (var vector = 0; vector < vectors; vector++) {
      load(ymm(FIRST + vector), at(R13, vector * chunkBytes()));
    }
    for (var row = 0; row < rows; row++) {
      asm.vbroadcastss(ymm(OTHERS + row), strided(R12, RSI, R10, row));
      for (var vector = 0; vector < vectors; vector++) {
        asm.vfmadd231ps(ymm(row * vectors + vector), ymm(OTHERS + row), ymm(FIRST + vector));
      }
    }
  }
}
