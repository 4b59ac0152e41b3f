package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * {@link LoadCode} with AVX2 and F16C: eight elements as F32, rounded to BF16 where that is asked.
 * Changes ymm14 and ymm15.
 */
final class Avx2LoadCode {
  /** Elements of a vector. */
  static final int CHUNK = 8;

  /** Places of the constants, and of what a tail needs, 32 bytes for each number of elements. */
  private static final int UPPER = Avx2RoundCode.BYTES, TAILS = UPPER + 32;

  private final Avx2Assembler asm;
  private final Step step;
  private final DType from;
  private final Gp constants;
  private final Avx2RoundCode rounding;
  private final Label data = new Label();

  /**
   * Loads for a function.
   *
   * @param constants a register that the function leaves alone between {@link #begin} and its end
   */
  Avx2LoadCode(Avx2Assembler asm, Step step, DType from, Gp constants) {
    this.asm = asm;
    this.step = step;
    this.from = from;
    this.constants = constants;
    rounding = new Avx2RoundCode(asm, constants);
  }

  /** To be done before the first load. */
  void begin() {
    asm.lea(constants, data);
  }

  /** Appends what loads read besides, behind the function. */
  void end() {
    rounding.emitConstants(data);
    for (var lane = 0; lane < CHUNK; lane++) {
      asm.data(0xFFFF_0000);
    }
    for (var count = 0; count <= CHUNK; count++) {
      if (from == DType.F32) {
        emitWords(CHUNK, count);
      } else {
        emitWords(4, count / 2);
        emitLastHalf(count);
      }
    }
  }

  /** Ones in the first of some words. */
  private void emitWords(int words, int count) {
    for (var i = 0; i < words; i++) {
      asm.data(i < count ? -1 : 0);
    }
  }

  /** Ones in the last of an odd number of halves of four words. */
  private void emitLastHalf(int count) {
    for (var i = 0; i < 4; i++) {
      asm.data(count % 2 == 1 && i == count / 2 ? 0xFFFF : 0);
    }
  }

  /** Bytes of a vector's elements in memory. */
  int chunkBytes() {
    return CHUNK * from.bytes();
  }

  /** Loads eight elements side by side. */
  void chunk(Vector into, Address address) {
    switch (from) {
      case F32 -> asm.vmovups(into, address);
      case F16 -> asm.vcvtph2ps(into, address);
      case BF16 -> {
        asm.vpmovzxwd(into, address);
        asm.vpslld(into, into, 16);
      }
      case I32, U8 -> throw new IllegalArgumentException("a product of I32");
    }
    round(into);
  }

  /** Makes of a number of elements in {@code count}, 1 to 8, what {@link #tail} takes. */
  void beginTail(Gp count) {
    asm.shl(count, 5);
    asm.add(count, constants);
  }

  /**
   * Loads the first elements of a chunk, zeros behind them. Of 16 bits they are read in pairs, and
   * the last by itself.
   *
   * @param last where the last one is; not asked for F32
   */
  void tail(Vector into, Address address, Address last, Gp tail) {
    if (from == DType.F32) {
      asm.vmovups(ymm(15), at(tail, TAILS));
      asm.vmaskmovps(into, ymm(15), address);
    } else {
      var half = xmm(into.number());
      asm.vmovups(xmm(15), at(tail, TAILS));
      asm.vmaskmovps(half, xmm(15), address);
      asm.vpbroadcastw(xmm(15), last);
      asm.vpand(xmm(15), xmm(15), at(tail, TAILS + 16));
      asm.vpor(half, half, xmm(15));
      if (from == DType.F16) {
        asm.vcvtph2ps(into, half);
      } else {
        asm.vpmovzxwd(into, half);
        asm.vpslld(into, into, 16);
      }
    }
    round(into);
  }

  /** To the nearest BF16. */
  private void round(Vector value) {
    if (!step.isRounded() || from == DType.BF16) {
      return;
    }
    rounding.round(value);
    asm.vpand(value, value, at(constants, UPPER));
  }
}
