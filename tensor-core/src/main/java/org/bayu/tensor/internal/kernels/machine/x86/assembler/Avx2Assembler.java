package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/** Assembles code for processors with AVX2, FMA and F16C. */
public final class Avx2Assembler extends VexAssembler {
  // Loads and stores.

  public final void vmovups(Vector into, Address from) {
    vex(M0F | 0x10, into, from);
  }

  public final void vmovups(Address into, Vector from) {
    vex(M0F | 0x11, from, into);
  }

  public final void vmovaps(Vector into, Vector from) {
    vex(M0F | 0x28, into, from);
  }

  public final void vmovss(Vector into, Address from) {
    requireWidth(128, into);
    vex(PF3 | M0F | 0x10, into, from);
  }

  public final void vmovss(Address into, Vector from) {
    requireWidth(128, from);
    vex(PF3 | M0F | 0x11, from, into);
  }

  /** Stores the two lower lanes. */
  public final void vmovlps(Address into, Vector from) {
    requireWidth(128, from);
    vex(M0F | 0x13, from, into);
  }

  /** Loads the lanes whose sign bit is set in {@code lanes}; the others become 0. */
  public final void vmaskmovps(Vector into, Vector lanes, Address from) {
    vex(P66 | M0F38 | 0x2C, into, lanes, from);
  }

  /** A number beside the upper lanes of {@code left}. */
  public final void vmovss(Vector into, Vector left, Vector from) {
    requireWidth(128, into);
    vex(PF3 | M0F | 0x10, into, left, from);
  }

  /** Stores the lanes whose sign bit is set in {@code lanes}. */
  public final void vmaskmovps(Address into, Vector lanes, Vector from) {
    vex(P66 | M0F38 | 0x2E, from, lanes, into);
  }

  public final void vbroadcastss(Vector into, Operand from) {
    requireWidth(128, from);
    vex(P66 | M0F38 | 0x18, into.bits(), into, 0, from);
  }

  /** The lower half of a general register into the lowest lane; the others become 0. */
  public final void vmovd(Vector into, Gp from) {
    requireWidth(128, into);
    requireUnmasked(into);
    vexRegisters(P66 | M0F | 0x6E, 128, into.number(), 0, from.number());
  }

  /** The two lowest lanes into a general register. */
  public final void vmovq(Gp into, Vector from) {
    requireWidth(128, from);
    requireUnmasked(from);
    vexRegisters(P66 | M0F | W1 | 0x7E, 128, from.number(), 0, into.number());
  }

  /** A general register into the two lowest lanes; the others become 0. */
  public final void vmovq(Vector into, Gp from) {
    requireWidth(128, into);
    requireUnmasked(into);
    vexRegisters(P66 | M0F | W1 | 0x6E, 128, into.number(), 0, from.number());
  }

  // Sums and products.

  /** {@code into += left · right}. */
  public final void vfmadd231ps(Vector into, Vector left, Operand right) {
    vex(P66 | M0F38 | 0xB8, into, left, right);
  }

  /** {@code into += left · right} of doubles. */
  public final void vfmadd231pd(Vector into, Vector left, Operand right) {
    vex(P66 | M0F38 | W1 | 0xB8, into, left, right);
  }

  /** {@code into = into · left + right}. */
  public final void vfmadd213ps(Vector into, Vector left, Operand right) {
    vex(P66 | M0F38 | 0xA8, into, left, right);
  }

  /** {@code into = left · right - into}. */
  public final void vfmsub231ps(Vector into, Vector left, Operand right) {
    vex(P66 | M0F38 | 0xBA, into, left, right);
  }

  /** {@code into -= left · right}. */
  public final void vfnmadd231ps(Vector into, Vector left, Operand right) {
    vex(P66 | M0F38 | 0xBC, into, left, right);
  }

  public final void vaddps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x58, into, left, right);
  }

  public final void vsubps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x5C, into, left, right);
  }

  public final void vmulps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x59, into, left, right);
  }

  public final void vdivps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x5E, into, left, right);
  }

  public final void vmaxps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x5F, into, left, right);
  }

  public final void vminps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x5D, into, left, right);
  }

  public final void vaddpd(Vector into, Vector left, Operand right) {
    vex(P66 | M0F | 0x58, into, left, right);
  }

  public final void vaddss(Vector into, Vector left, Operand right) {
    requireWidth(128, into);
    vex(PF3 | M0F | 0x58, into, left, right);
  }

  /** Compares into lanes of ones or zeros; predicate 3 is true where one of the two is NaN. */
  public final void vcmpps(Vector into, Vector left, Operand right, int predicate) {
    vex(M0F | 0xC2, into, left, right);
    code.putImmediate(predicate);
  }

  /** To integers: 0 is to nearest, ties to even. */
  public final void vroundps(Vector into, Operand from, int mode) {
    vex(P66 | M0F3A | 0x08, into, from);
    code.putImmediate(mode);
  }

  // Integers and bits.

  public final void vxorps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x57, into, left, right);
  }

  public final void vpaddd(Vector into, Vector left, Operand right) {
    vex(P66 | M0F | 0xFE, into, left, right);
  }

  public final void vpsubd(Vector into, Vector left, Operand right) {
    vex(P66 | M0F | 0xFA, into, left, right);
  }

  /** Lanes of ones where {@code left} is greater, of integers with a sign, else of zeros. */
  public final void vpcmpgtd(Vector into, Vector left, Operand right) {
    vex(P66 | M0F | 0x66, into, left, right);
  }

  /** Sets the zero flag if no bit is one in both. */
  public final void vptest(Vector left, Operand right) {
    vex(P66 | M0F38 | 0x17, left, right);
  }

  public final void vpand(Vector into, Vector left, Operand right) {
    vex(P66 | M0F | 0xDB, into, left, right);
  }

  public final void vpor(Vector into, Vector left, Operand right) {
    vex(P66 | M0F | 0xEB, into, left, right);
  }

  public final void vpslld(Vector into, Vector from, int bits) {
    vexExtended(P66 | M0F | 0x72, 6, into, from, bits);
  }

  public final void vpsrld(Vector into, Vector from, int bits) {
    vexExtended(P66 | M0F | 0x72, 2, into, from, bits);
  }

  /** Fills up with the sign. */
  public final void vpsrad(Vector into, Vector from, int bits) {
    vexExtended(P66 | M0F | 0x72, 4, into, from, bits);
  }

  // Conversions.

  /** From half the width. */
  public final void vcvtps2pd(Vector into, Operand from) {
    requireWidth(128, from);
    vex(M0F | 0x5A, into.bits(), into, 0, from);
  }

  /** To integers, to nearest; NaN becomes the least. */
  public final void vcvtps2dq(Vector into, Operand from) {
    vex(P66 | M0F | 0x5B, into, from);
  }

  /** Integers in 16 bits, of {@code left} and {@code right} in turns of 128 bits. */
  public final void vpackusdw(Vector into, Vector left, Operand right) {
    vex(P66 | M0F38 | 0x2B, into, left, right);
  }

  /** Integers in 8 bits from such in 16 with a sign, in turns of 128 bits. */
  public final void vpackuswb(Vector into, Vector left, Operand right) {
    vex(P66 | M0F | 0x67, into, left, right);
  }

  /** From F16, in half the width. */
  public final void vcvtph2ps(Vector into, Operand from) {
    requireWidth(128, from);
    vex(P66 | M0F38 | 0x13, into.bits(), into, 0, from);
  }

  public final void vpmovzxwd(Vector into, Operand from) {
    requireWidth(128, from);
    vex(P66 | M0F38 | 0x33, into.bits(), into, 0, from);
  }

  // Shuffles.

  public final void vpbroadcastw(Vector into, Operand from) {
    requireWidth(128, from);
    vex(P66 | M0F38 | 0x79, into.bits(), into, 0, from);
  }

  /** 16 bits of memory in a place beside what {@code left} has in the others. */
  public final void vpinsrw(Vector into, Vector left, Address from, int place) {
    requireWidth(128, into);
    vex(P66 | M0F | 0xC4, into, left, from);
    code.putImmediate(place);
  }

  /** 32 bits of memory in a lane beside what {@code left} has in the others. */
  public final void vpinsrd(Vector into, Vector left, Address from, int lane) {
    requireWidth(128, into);
    vex(P66 | M0F3A | 0x22, into, left, from);
    code.putImmediate(lane);
  }

  /** Stores the 16 bits of a place. */
  public final void vpextrw(Address into, Vector from, int place) {
    requireWidth(128, from);
    vex(P66 | M0F3A | 0x15, from, into);
    code.putImmediate(place);
  }

  /** The lanes of {@code right} whose sign bit is set in {@code lanes}, else of {@code left}. */
  public final void vblendvps(Vector into, Vector left, Operand right, Vector lanes) {
    requireWidth(into.bits(), lanes);
    requireUnmasked(lanes);
    vex(P66 | M0F3A | 0x4A, into, left, right);
    code.putImmediate(lanes.number() << 4);
  }

  public final void vunpcklps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x14, into, left, right);
  }

  public final void vunpckhps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x15, into, left, right);
  }

  public final void vshufps(Vector into, Vector left, Operand right, int immediate) {
    vex(M0F | 0xC6, into, left, right);
    code.putImmediate(immediate);
  }

  public final void vperm2f128(Vector into, Vector left, Operand right, int immediate) {
    requireWidth(256, into);
    vex(P66 | M0F3A | 0x06, into, left, right);
    code.putImmediate(immediate);
  }

  /** Quarters in the order of the immediate's pairs of bits. */
  public final void vpermq(Vector into, Operand from, int order) {
    requireWidth(256, into);
    vex(P66 | M0F3A | W1 | 0x00, into, from);
    code.putImmediate(order);
  }

  public final void vextractf128(Operand into, Vector from, int half) {
    requireWidth(128, into);
    requireWidth(256, from);
    vex(P66 | M0F3A | 0x19, 256, from, 0, into);
    code.putImmediate(half);
  }

  public final void vinsertf128(Vector into, Vector left, Operand from, int half) {
    requireWidth(256, into);
    requireWidth(256, left);
    requireWidth(128, from);
    vex(P66 | M0F3A | 0x18, 256, into, left.number(), from);
    code.putImmediate(half);
  }
}
