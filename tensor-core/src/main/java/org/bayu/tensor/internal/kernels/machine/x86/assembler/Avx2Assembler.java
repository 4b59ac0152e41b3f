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

  /** Loads the lanes whose sign bit is set in {@code lanes}; the others become 0. */
  public final void vmaskmovps(Vector into, Vector lanes, Address from) {
    vex(P66 | M0F38 | 0x2C, into, lanes, from);
  }

  /** Stores the lanes whose sign bit is set in {@code lanes}. */
  public final void vmaskmovps(Address into, Vector lanes, Vector from) {
    vex(P66 | M0F38 | 0x2E, from, lanes, into);
  }

  public final void vbroadcastss(Vector into, Address from) {
    vex(P66 | M0F38 | 0x18, into, from);
  }

  // Sums and products.

  /** {@code into += left · right}. */
  public final void vfmadd231ps(Vector into, Vector left, Operand right) {
    vex(P66 | M0F38 | 0xB8, into, left, right);
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

  public final void vaddss(Vector into, Vector left, Operand right) {
    requireWidth(128, into);
    vex(PF3 | M0F | 0x58, into, left, right);
  }

  /** Compares into lanes of ones or zeros; predicate 3 is true where one of the two is NaN. */
  public final void vcmpps(Vector into, Vector left, Operand right, int predicate) {
    vex(M0F | 0xC2, into, left, right);
    code.putImmediate(predicate);
  }

  // Integers and bits.

  public final void vxorps(Vector into, Vector left, Operand right) {
    vex(M0F | 0x57, into, left, right);
  }

  public final void vpaddd(Vector into, Vector left, Operand right) {
    vex(P66 | M0F | 0xFE, into, left, right);
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

  // Conversions.

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

  public final void vextractf128(Operand into, Vector from, int half) {
    requireWidth(128, into);
    requireWidth(256, from);
    vex(P66 | M0F3A | 0x19, 256, from, 0, into);
    code.putImmediate(half);
  }
}
