package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/**
 * Assembles code for processors with AVX-512 (F, BW, DQ, VL; BF16 and VBMI where their instructions
 * are used).
 */
public final class Avx512Assembler extends Avx512Arithmetic {
  // Loads and stores.

  public final void vmovups(Vector into, Operand from) {
    evex(M0F | 0x10, Tuple.FULL_MEMORY, into, from);
  }

  public final void vmovups(Address into, Vector from) {
    evexStore(M0F | 0x11, Tuple.FULL_MEMORY, from.bits(), into, from);
  }

  public final void vmovdqu16(Vector into, Operand from) {
    evex(PF2 | M0F | W1 | 0x6F, Tuple.FULL_MEMORY, into, from);
  }

  public final void vmovdqu16(Address into, Vector from) {
    evexStore(PF2 | M0F | W1 | 0x7F, Tuple.FULL_MEMORY, from.bits(), into, from);
  }

  public final void vmovdqu32(Vector into, Operand from) {
    evex(PF3 | M0F | 0x6F, Tuple.FULL_MEMORY, into, from);
  }

  public final void vmovdqu32(Address into, Vector from) {
    evexStore(PF3 | M0F | 0x7F, Tuple.FULL_MEMORY, from.bits(), into, from);
  }

  public final void vmovaps(Vector into, Vector from) {
    evex(M0F | 0x28, Tuple.FULL_MEMORY, into, from);
  }

  /** Past the caches, to an aligned address. */
  public final void vmovntps(Address into, Vector from) {
    requireUnmasked(into);
    evexStore(M0F | 0x2B, Tuple.FULL_MEMORY, from.bits(), into, from);
  }

  public final void vmovss(Vector into, Address from) {
    requireWidth(128, into);
    evex(PF3 | M0F | 0x10, Tuple.SCALAR, into, from);
  }

  public final void vmovss(Address into, Vector from) {
    requireWidth(128, from);
    evexStore(PF3 | M0F | 0x11, Tuple.SCALAR, 128, into, from);
  }

  /** The lowest 64 bits. */
  public final void vmovq(Gp into, Vector from) {
    requireWidth(128, from);
    requireUnmasked(from);
    evex(P66 | M0F | W1 | 0x7E, from, into);
  }

  // One element in every lane.

  public final void vbroadcastss(Vector into, Operand from) {
    requireWidth(128, from);
    evex(P66 | M0F38 | 0x18, Tuple.SCALAR, into.bits(), into, 0, from);
  }

  public final void vpbroadcastd(Vector into, Operand from) {
    requireWidth(128, from);
    evex(P66 | M0F38 | 0x58, Tuple.SCALAR, into.bits(), into, 0, from);
  }

  public final void vpbroadcastd(Vector into, Gp from) {
    evex(P66 | M0F38 | 0x7C, into, from);
  }

  public final void vpbroadcastq(Vector into, Gp from) {
    evex(P66 | M0F38 | W1 | 0x7C, into, from);
  }

  // Within the 128-bit quarters.

  public final void vpunpckldq(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0x62, Tuple.FULL, into, left, right);
  }

  public final void vpunpckhdq(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0x6A, Tuple.FULL, into, left, right);
  }

  public final void vpunpcklqdq(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | W1 | 0x6C, Tuple.FULL, into, left, right);
  }

  public final void vpunpckhqdq(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | W1 | 0x6D, Tuple.FULL, into, left, right);
  }

  public final void vpunpcklbw(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0x60, Tuple.FULL_MEMORY, into, left, right);
  }

  public final void vpunpckhbw(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0x68, Tuple.FULL_MEMORY, into, left, right);
  }

  public final void vpunpcklwd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0x61, Tuple.FULL_MEMORY, into, left, right);
  }

  public final void vpunpckhwd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0x69, Tuple.FULL_MEMORY, into, left, right);
  }

  /** 32 bits with a sign become 16 without: less than 0 is 0, more than 65535 is that. */
  public final void vpackusdw(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0x2B, Tuple.FULL, into, left, right);
  }

  /** 16 bits with a sign become 8 without. */
  public final void vpackuswb(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0x67, Tuple.FULL_MEMORY, into, left, right);
  }

  public final void vshufps(Vector into, Vector left, Operand right, int immediate) {
    evex(M0F | 0xC6, Tuple.FULL, into, left, right);
    code.putImmediate(immediate);
  }

  public final void vpermilps(Vector into, Operand from, int immediate) {
    evex(P66 | M0F3A | 0x04, Tuple.FULL, into, from);
    code.putImmediate(immediate);
  }

  // Across the quarters.

  public final void vshufi32x4(Vector into, Vector left, Operand right, int immediate) {
    evex(P66 | M0F3A | 0x43, Tuple.FULL, into, left, right);
    code.putImmediate(immediate);
  }

  public final void vshuff32x4(Vector into, Vector left, Operand right, int immediate) {
    evex(P66 | M0F3A | 0x23, Tuple.FULL, into, left, right);
    code.putImmediate(immediate);
  }

  public final void vpermw(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | W1 | 0x8D, Tuple.FULL_MEMORY, into, left, right);
  }

  public final void vpermd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0x36, Tuple.FULL, into, left, right);
  }

  public final void vpermt2w(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | W1 | 0x7D, Tuple.FULL_MEMORY, into, left, right);
  }

  public final void vpermt2d(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0x7E, Tuple.FULL, into, left, right);
  }

  /** Bytes of {@code left} and, from 128 on for 512 bits, of {@code right}, by their numbers. */
  public final void vpermi2b(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0x75, Tuple.FULL_MEMORY, into, left, right);
  }

  public final void vinserti64x4(Vector into, Vector left, Operand right, int half) {
    requireWidth(512, into);
    requireWidth(512, left);
    requireWidth(256, right);
    requireUnmasked(left);
    evex(P66 | M0F3A | W1 | 0x3A, Tuple.YMM, 512, into, left.number(), right);
    code.putImmediate(half);
  }

  public final void vextractf32x4(Operand into, Vector from, int quarter) {
    requireWidth(128, into);
    evexStore(P66 | M0F3A | 0x19, Tuple.XMM, from.bits(), into, from);
    code.putImmediate(quarter);
  }

  public final void vextracti32x4(Operand into, Vector from, int quarter) {
    requireWidth(128, into);
    evexStore(P66 | M0F3A | 0x39, Tuple.XMM, from.bits(), into, from);
    code.putImmediate(quarter);
  }

  public final void vextractf64x4(Operand into, Vector from, int half) {
    requireWidth(256, into);
    requireWidth(512, from);
    evexStore(P66 | M0F3A | W1 | 0x1B, Tuple.YMM, 512, into, from);
    code.putImmediate(half);
  }

  public final void vextracti64x4(Operand into, Vector from, int half) {
    requireWidth(256, into);
    requireWidth(512, from);
    evexStore(P66 | M0F3A | W1 | 0x3B, Tuple.YMM, 512, into, from);
    code.putImmediate(half);
  }

  // Masks.

  public final void kmovw(Mask into, Gp from) {
    vexRegisters(M0F | 0x92, 128, into.number(), 0, from.number());
  }

  public final void kmovd(Mask into, Gp from) {
    vexRegisters(PF2 | M0F | 0x92, 128, into.number(), 0, from.number());
  }

  public final void kmovq(Mask into, Gp from) {
    vexRegisters(PF2 | M0F | W1 | 0x92, 128, into.number(), 0, from.number());
  }

  public final void knotq(Mask into, Mask from) {
    vexRegisters(M0F | W1 | 0x44, 128, into.number(), 0, from.number());
  }

  public final void kxnorw(Mask into, Mask left, Mask right) {
    vexRegisters(M0F | 0x46, 256, into.number(), left.number(), right.number());
  }

  /** 16 bits of {@code left} above 16 of {@code right}. */
  public final void kunpckwd(Mask into, Mask left, Mask right) {
    vexRegisters(M0F | 0x4B, 256, into.number(), left.number(), right.number());
  }

  /** 32 bits of {@code left} above 32 of {@code right}. */
  public final void kunpckdq(Mask into, Mask left, Mask right) {
    vexRegisters(M0F | W1 | 0x4B, 256, into.number(), left.number(), right.number());
  }

  /** The upper bit of each byte. */
  public final void vpmovb2m(Mask into, Vector from) {
    evexMask(PF3 | M0F38 | 0x29, into, from);
  }

  /** Whether any bit of the two is set: then jnz jumps. */
  public final void kortestw(Mask left, Mask right) {
    vexRegisters(M0F | 0x98, 128, left.number(), 0, right.number());
  }

  public final void kshiftrw(Mask into, Mask from, int bits) {
    vexRegisters(P66 | M0F3A | W1 | 0x30, 128, into.number(), 0, from.number());
    code.putImmediate(bits);
  }
}
