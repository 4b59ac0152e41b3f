package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * Packing with AVX-512 for {@link TileCode}: 32-bit steps, at each step the lanes (rows of A,
 * columns of B) side by side. For products in BF16 numbers are rounded to nearest even; in pairs
 * subnormal numbers become zero, as the multiplication takes them.
 */
final class PackCode {
  /** Chunks between what is turned and what is fetched: processors follow fewer than 16 lanes. */
  private static final int AHEAD = 4;

  private final Avx512Assembler asm;
  private final Step step;
  private final DType from;
  private final LoadCode load;

  private PackCode(Avx512Assembler asm, Step step, DType from, Gp constants) {
    this.asm = asm;
    this.step = step;
    this.from = from;
    this.load = new LoadCode(asm, step, from, constants);
  }

  /**
   * 16 lanes whose elements of k lie side by side: {@code void steps(byte** lanes, long k, byte*
   * to, long stride, long tailMask)}. Steps are {@code stride} bytes apart; a multiple of 16 of
   * them is written, zeros behind k. {@code tailMask} has a bit for each of the last chunk's k.
   */
  static void emitSteps(Avx512Assembler asm, CallingConvention convention, Step step, DType from) {
    var frame = new Frame(asm, convention, 5, 0, RBX, RBP);
    frame.prologue();
    var pack = new PackCode(asm, step, from, RBP);
    pack.load.begin();
    pack.emitSteps();
    frame.epilogue();
    pack.load.end();
  }

  private void emitSteps() {
    var chunk = load.chunk();
    asm.lea(R9, at(RCX, RCX, 2, 0));
    asm.lea(R11, at(RCX, RCX, 4, 0));
    asm.lea(RAX, at(R11, RCX, 2, 0));
    asm.xor(R10, R10);
    var tail = new Label();
    var end = new Label();
    asm.cmp(RSI, chunk);
    asm.jl(tail);
    var again = asm.here();
    transposeChunk(false);
    asm.add(R10, load.chunkBytes());
    asm.sub(RSI, chunk);
    asm.cmp(RSI, chunk);
    asm.jge(again);
    asm.bind(tail);
    asm.test(RSI, RSI);
    asm.jz(end);
    asm.kmovd(K1, R8);
    asm.shr(R8, 16);
    asm.kmovd(K2, R8);
    transposeChunk(true);
    asm.bind(end);
  }

  private void transposeChunk(boolean masked) {
    for (var lane = 0; lane < 16; lane++) {
      asm.mov(RBX, at(RDI, 8 * lane));
      load.chunk(zmm(lane), at(RBX, R10, 1, 0), masked);
      if (!masked) {
        for (var line = 0; line < load.chunkBytes(); line += 64) {
          asm.prefetcht0(at(RBX, R10, 1, line + AHEAD * load.chunkBytes()));
        }
      }
    }
    transpose();
    for (var step = 0; step < 16; step++) {
      asm.vmovups(step(step % 8), zmm(step));
      if (step % 8 == 7) {
        asm.lea(RDX, at(RDX, RCX, 8, 0));
      }
    }
  }

  /** Step 0 to 7 behind RDX; R9, R11 and RAX hold 3, 5 and 7 strides. */
  static Address step(int step) {
    return switch (step) {
      case 0 -> at(RDX);
      case 1, 2, 4 -> at(RDX, RCX, step, 0);
      case 3 -> at(RDX, R9, 1, 0);
      case 5 -> at(RDX, R11, 1, 0);
      case 6 -> at(RDX, R9, 2, 0);
      default -> at(RDX, RAX, 1, 0);
    };
  }

  /** Transposes the 16×16 numbers of 32 bits in zmm0 to zmm15. */
  private void transpose() {
    for (var i = 0; i < 16; i += 2) {
      asm.vpunpckldq(zmm(16 + i), zmm(i), zmm(i + 1));
      asm.vpunpckhdq(zmm(17 + i), zmm(i), zmm(i + 1));
    }
    for (var i = 0; i < 16; i += 4) {
      asm.vpunpcklqdq(zmm(i), zmm(16 + i), zmm(18 + i));
      asm.vpunpckhqdq(zmm(i + 1), zmm(16 + i), zmm(18 + i));
      asm.vpunpcklqdq(zmm(i + 2), zmm(17 + i), zmm(19 + i));
      asm.vpunpckhqdq(zmm(i + 3), zmm(17 + i), zmm(19 + i));
    }
    for (var half = 0; half < 16; half += 8) {
      for (var i = half; i < half + 4; i++) {
        asm.vshufi32x4(zmm(16 + i), zmm(i), zmm(i + 4), 0x88);
        asm.vshufi32x4(zmm(20 + i), zmm(i), zmm(i + 4), 0xDD);
      }
    }
    for (var i = 0; i < 8; i++) {
      asm.vshufi32x4(zmm(i), zmm(16 + i), zmm(24 + i), 0x88);
      asm.vshufi32x4(zmm(i + 8), zmm(16 + i), zmm(24 + i), 0xDD);
    }
  }

  /**
   * Lanes that lie side by side, up to 16 a group: {@code void lanes(byte* from, long stride, long
   * k, byte* to, long toStride, long lastMask)}. k are {@code stride} bytes apart; {@code lastMask}
   * has a bit for each lane of the last group, whose other lanes become zero.
   */
  static void emitLanes(
      Avx512Assembler asm, CallingConvention convention, Step step, DType from, int groups) {
    var frame = new Frame(asm, convention, 6, 0);
    frame.prologue();
    var pack = new PackCode(asm, step, from, R11);
    pack.load.begin();
    pack.emitLanes(groups);
    frame.epilogue();
    pack.load.end();
  }

  private void emitLanes(int groups) {
    var pairOrder = new Label();
    var end = new Label();
    asm.kmovd(K1, R9);
    if (step != Step.BFLOAT16_PAIR) {
      asm.test(RDX, RDX);
      asm.jz(end);
      var again = asm.here();
      for (var group = 0; group < groups; group++) {
        load.numbers(lanes(zmm(0), group, groups), at(RDI, 16 * from.bytes() * group));
        asm.vmovups(at(RCX, 64 * group), zmm(0));
      }
      asm.add(RDI, RSI);
      asm.add(RCX, R8);
      asm.dec(RDX);
      asm.jnz(again);
      asm.bind(end);
      return;
    }
    var odd = new Label();
    asm.lea(RAX, pairOrder);
    asm.vmovups(zmm(31), at(RAX));
    asm.sub(RDX, 2);
    asm.jl(odd);
    var again = asm.here();
    for (var group = 0; group < groups; group++) {
      var displacement = 16 * from.bytes() * group;
      loadHalf(zmm(0), at(RDI, displacement), group, groups);
      loadHalf(zmm(1), at(RDI, RSI, 1, displacement), group, groups);
      storePairs(group);
    }
    asm.lea(RDI, at(RDI, RSI, 2, 0));
    asm.add(RCX, R8);
    asm.sub(RDX, 2);
    asm.jge(again);
    asm.bind(odd);
    asm.add(RDX, 2);
    asm.jz(end);
    for (var group = 0; group < groups; group++) {
      loadHalf(zmm(0), at(RDI, 16 * from.bytes() * group), group, groups);
      asm.vpxord(zmm(1), zmm(1), zmm(1));
      storePairs(group);
    }
    asm.jmp(end);
    asm.align(64);
    asm.bind(pairOrder);
    for (var lane = 0; lane < 16; lane++) {
      asm.data(((16 + lane) << 16) | lane);
    }
    asm.bind(end);
  }

  private static Vector lanes(Vector vector, int group, int groups) {
    return group == groups - 1 ? vector.zeroed(K1) : vector;
  }

  /** 16 lanes of one k: as they are for BF16, widened for the others. */
  private void loadHalf(Vector into, Address address, int group, int groups) {
    if (from == DType.BF16) {
      asm.vmovdqu16(lanes(ymm(into.number()), group, groups), address);
    } else {
      load.floats(lanes(into, group, groups), address);
    }
  }

  /** Stores the pairs of zmm0's and zmm1's lanes. */
  private void storePairs(int group) {
    if (from == DType.BF16) {
      asm.vinserti64x4(zmm(0), zmm(0), ymm(1), 1);
    } else {
      asm.vcvtne2ps2bf16(zmm(0), zmm(1), zmm(0));
    }
    asm.vpermw(zmm(0), zmm(31), zmm(0));
    asm.vmovups(at(RCX, 64 * group), zmm(0));
  }
}
