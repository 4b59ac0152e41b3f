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
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import org.bayu.tensor.internal.kernels.DynamicCode;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * Whole blocks of {@link DynamicCode}, eight elements at a time: {@code void decode(byte* codes,
 * float* absmax, float* dst, float* values, long blocks)} and {@code void encode(float* src, byte*
 * codes, float* absmax, int* entries, long blocks)}.
 *
 * <p>The tables are read element by element: gathers are no faster, and on some processors much
 * slower.
 */
final class MomentCode {
  private static final int LANES = 8;
  private static final int VECTORS = DynamicCode.BLOCK / LANES;

  /** Vectors between two jumps. */
  private static final int UNROLLED = 4;

  /** What stays in its register; 0 to 6 change. */
  private static final Vector SCALE = ymm(7),
      MAGNITUDE = ymm(8),
      LEAST = ymm(9),
      ONE = ymm(10),
      LOWER = ymm(11),
      CELLS = ymm(12),
      GREATEST = ymm(13),
      ZERO = ymm(14);

  private final Avx2Assembler asm;
  private final Frame frame;

  private MomentCode(Avx2Assembler asm, CallingConvention convention) {
    this.asm = asm;
    frame = new Frame(asm, convention, 5, 0);
  }

  /** Appends the function that decodes. */
  static void emitDecode(Avx2Assembler asm, CallingConvention convention) {
    new MomentCode(asm, convention).emitDecode();
  }

  private void emitDecode() {
    frame.prologue();
    var nextBlock = asm.here();
    asm.vbroadcastss(SCALE, at(RSI));
    asm.mov(R10, VECTORS / UNROLLED);
    asm.align(32);
    var again = asm.here();
    for (var i = 0; i < UNROLLED; i++) {
      for (var lane = 0; lane < LANES; lane++) {
        asm.movzxByte(RAX, at(RDI, LANES * i + lane));
        readTable(lane, at(RCX, RAX, 4, 0));
      }
      asm.vinsertf128(ymm(0), ymm(0), xmm(1), 1);
      asm.vmulps(ymm(0), ymm(0), SCALE);
      asm.vmovups(at(RDX, 4 * LANES * i), ymm(0));
    }
    asm.add(RDI, LANES * UNROLLED);
    asm.add(RDX, 4 * LANES * UNROLLED);
    asm.dec(R10);
    asm.jnz(again);
    asm.add(RSI, 4);
    asm.dec(R8);
    asm.jnz(nextBlock);
    frame.epilogue();
  }

  /** Into a lane of xmm0, or from the fifth lane on of xmm1. */
  private void readTable(int lane, Address from) {
    var into = xmm(lane / 4);
    if (lane % 4 == 0) {
      asm.vmovss(into, from);
    } else {
      asm.vpinsrd(into, into, from, lane % 4);
    }
  }

  /** Appends the function that encodes. */
  static void emitEncode(Avx2Assembler asm, CallingConvention convention, boolean signed) {
    new MomentCode(asm, convention).emitEncode(signed);
  }

  private void emitEncode(boolean signed) {
    frame.prologue();
    broadcast(MAGNITUDE, 0x7FFF_FFFF);
    broadcast(LEAST, Float.floatToRawIntBits(DynamicCode.LEAST));
    broadcast(ONE, Float.floatToRawIntBits(1));
    broadcast(LOWER, 0xFFFF);
    broadcast(CELLS, DynamicCode.CELLS);
    broadcast(GREATEST, Float.floatToRawIntBits(Float.MAX_VALUE));
    asm.vxorps(ZERO, ZERO, ZERO);
    var nextBlock = asm.here();
    scale();
    asm.mov(R10, VECTORS);
    asm.align(32);
    var again = asm.here();
    encode(signed);
    asm.add(RDI, 4 * LANES);
    asm.add(RSI, LANES);
    asm.dec(R10);
    asm.jnz(again);
    asm.add(RDX, 4);
    asm.dec(R8);
    asm.jnz(nextBlock);
    frame.epilogue();
  }

  private void broadcast(Vector into, int bits) {
    var low = xmm(into.number());
    asm.mov(RAX, bits);
    asm.vmovd(low, RAX);
    asm.vbroadcastss(into, low);
  }

  /** Stores a block's absmax; SCALE is what its elements are divided by. */
  private void scale() {
    for (var i = 0; i < UNROLLED; i++) {
      asm.vxorps(ymm(i), ymm(i), ymm(i));
    }
    for (var i = 0; i < VECTORS; i++) {
      asm.vpand(ymm(4), MAGNITUDE, at(RDI, 4 * LANES * i));
      asm.vmaxps(ymm(i % UNROLLED), ymm(4), ymm(i % UNROLLED)); // of NaN the other one
    }
    asm.vmaxps(ymm(0), ymm(0), ymm(1));
    asm.vmaxps(ymm(2), ymm(2), ymm(3));
    asm.vmaxps(ymm(0), ymm(0), ymm(2));
    asm.vextractf128(xmm(1), ymm(0), 1);
    asm.vmaxps(xmm(0), xmm(0), xmm(1));
    for (var order : new int[] {0x4E, 0xB1}) {
      asm.vshufps(xmm(1), xmm(0), xmm(0), order);
      asm.vmaxps(xmm(0), xmm(0), xmm(1));
    }
    asm.vbroadcastss(ymm(0), xmm(0));
    asm.vminps(ymm(0), ymm(0), GREATEST);
    asm.vmovss(at(RDX), xmm(0));
    asm.vcmpps(ymm(1), ymm(0), ZERO, 0);
    asm.vblendvps(SCALE, ymm(0), ONE, ymm(1));
  }

  private void encode(boolean signed) {
    var x = ymm(2);
    var magnitude = ymm(3);
    var cells = ymm(4);
    var sign = ymm(5);
    var positive = ymm(6);
    asm.vmovups(x, at(RDI));
    asm.vdivps(x, x, SCALE);
    asm.vpand(magnitude, x, MAGNITUDE);
    asm.vmaxps(magnitude, magnitude, LEAST);
    asm.vminps(magnitude, magnitude, ONE);
    asm.vpsrld(cells, magnitude, 16);
    if (signed) {
      asm.vpsrad(sign, x, 31);
      asm.vxorps(magnitude, magnitude, sign);
      asm.vpand(sign, sign, CELLS);
      asm.vpaddd(cells, cells, sign);
    } else {
      asm.vcmpps(positive, ZERO, x, 1);
    }
    asm.vpand(magnitude, magnitude, LOWER);
    readEntries(cells);
    asm.vinsertf128(ymm(0), ymm(0), xmm(1), 1);
    asm.vpaddd(ymm(0), ymm(0), magnitude);
    asm.vpsrld(ymm(0), ymm(0), 16);
    if (!signed) {
      asm.vpand(ymm(0), ymm(0), positive);
    }
    asm.vextractf128(xmm(1), ymm(0), 1);
    asm.vpackusdw(xmm(0), xmm(0), xmm(1));
    asm.vpackuswb(xmm(0), xmm(0), xmm(0));
    asm.vmovlps(at(RSI), xmm(0));
  }

  /** The entries of eight cells. A cell's number has 16 bits, so four are in a general register. */
  private void readEntries(Vector cells) {
    asm.vextractf128(xmm(1), cells, 1);
    asm.vpackusdw(xmm(0), xmm(cells.number()), xmm(1));
    asm.vmovq(RAX, xmm(0));
    asm.vshufps(xmm(0), xmm(0), xmm(0), 0x4E);
    asm.vmovq(R11, xmm(0));
    for (var lane = 0; lane < LANES; lane++) {
      var four = lane < 4 ? RAX : R11;
      asm.mov(R9, four);
      if (lane % 4 < 3) {
        asm.and(R9, 0xFFFF);
        asm.shr(four, 16);
      }
      readTable(lane, at(RCX, R9, 4, -4 * DynamicCode.FIRST_CELL));
    }
  }
}
