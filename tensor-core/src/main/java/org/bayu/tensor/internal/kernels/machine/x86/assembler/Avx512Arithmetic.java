package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/**
 * The arithmetic of AVX-512 (F, BW, DQ, VL, BF16), on vectors of any width; every destination takes
 * a write mask. {@code ps} are f32 lanes, {@code pd} f64, {@code d} 32-bit integers.
 */
public abstract class Avx512Arithmetic extends EvexAssembler {
  // Sums and products.

  /** {@code into += left₀·right₀ + left₁·right₁} for the two bf16 in each 32 bits. */
  public final void vdpbf16ps(Vector into, Vector left, Operand right) {
    evex(PF3 | M0F38 | 0x52, Tuple.FULL, into, left, right);
  }

  /** {@code into += left · right}. */
  public final void vfmadd231ps(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0xB8, Tuple.FULL, into, left, right);
  }

  /** {@code into = left · into + right}. */
  public final void vfmadd213ps(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0xA8, Tuple.FULL, into, left, right);
  }

  /** {@code into = left · right - into}. */
  public final void vfmsub231ps(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0xBA, Tuple.FULL, into, left, right);
  }

  /** {@code into -= left · right}. */
  public final void vfnmadd231ps(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0xBC, Tuple.FULL, into, left, right);
  }

  /** {@code into += left · right}. */
  public final void vfmadd231pd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | W1 | 0xB8, Tuple.FULL, into, left, right);
  }

  public final void vaddps(Vector into, Vector left, Operand right) {
    evex(M0F | 0x58, Tuple.FULL, into, left, right);
  }

  public final void vsubps(Vector into, Vector left, Operand right) {
    evex(M0F | 0x5C, Tuple.FULL, into, left, right);
  }

  public final void vmulps(Vector into, Vector left, Operand right) {
    evex(M0F | 0x59, Tuple.FULL, into, left, right);
  }

  public final void vdivps(Vector into, Vector left, Operand right) {
    evex(M0F | 0x5E, Tuple.FULL, into, left, right);
  }

  public final void vmaxps(Vector into, Vector left, Operand right) {
    evex(M0F | 0x5F, Tuple.FULL, into, left, right);
  }

  public final void vminps(Vector into, Vector left, Operand right) {
    evex(M0F | 0x5D, Tuple.FULL, into, left, right);
  }

  public final void vaddpd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | W1 | 0x58, Tuple.FULL, into, left, right);
  }

  public final void vmulpd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | W1 | 0x59, Tuple.FULL, into, left, right);
  }

  public final void vaddss(Vector into, Vector left, Operand right) {
    requireWidth(128, into);
    evex(PF3 | M0F | 0x58, Tuple.SCALAR, into, left, right);
  }

  public final void vsqrtps(Vector into, Operand from) {
    evex(M0F | 0x51, Tuple.FULL, into, from);
  }

  /** {@code 1 / from}, with a relative error below 2⁻¹⁴. */
  public final void vrcp14ps(Vector into, Operand from) {
    evex(P66 | M0F38 | 0x4C, Tuple.FULL, into, from);
  }

  /** {@code 1 / √from}, with a relative error below 2⁻¹⁴. */
  public final void vrsqrt14ps(Vector into, Operand from) {
    evex(P66 | M0F38 | 0x4E, Tuple.FULL, into, from);
  }

  /**
   * With 2 the one of the smaller absolute value, with 3 of the greater one, both with the sign of
   * {@code left}; where {@code left} is a quiet NaN, the other one's absolute value.
   */
  public final void vrangeps(Vector into, Vector left, Operand right, int immediate) {
    evex(P66 | M0F3A | 0x50, Tuple.FULL, into, left, right);
    code.putImmediate(immediate);
  }

  /** {@code left · 2^⌊right⌋}. */
  public final void vscalefps(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | 0x2C, Tuple.FULL, into, left, right);
  }

  /** Rounded to an integer, with 0 to the nearest even, with 1 down. */
  public final void vrndscaleps(Vector into, Operand from, int immediate) {
    evex(P66 | M0F3A | 0x08, Tuple.FULL, into, from);
    code.putImmediate(immediate);
  }

  // Integers and bits.

  public final void vpaddb(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0xFC, Tuple.FULL_MEMORY, into, left, right);
  }

  public final void vpaddd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0xFE, Tuple.FULL, into, left, right);
  }

  public final void vpaddq(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | W1 | 0xD4, Tuple.FULL, into, left, right);
  }

  /** The lower 64 bits of the product. */
  public final void vpmullq(Vector into, Vector left, Operand right) {
    evex(P66 | M0F38 | W1 | 0x40, Tuple.FULL, into, left, right);
  }

  public final void vpsubd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0xFA, Tuple.FULL, into, left, right);
  }

  public final void vpandd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0xDB, Tuple.FULL, into, left, right);
  }

  public final void vpandnd(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0xDF, Tuple.FULL, into, left, right);
  }

  public final void vpord(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0xEB, Tuple.FULL, into, left, right);
  }

  public final void vpxord(Vector into, Vector left, Operand right) {
    evex(P66 | M0F | 0xEF, Tuple.FULL, into, left, right);
  }

  /** Bit {@code 4·into + 2·left + right} of the table, for each bit of the three. */
  public final void vpternlogd(Vector into, Vector left, Operand right, int table) {
    evex(P66 | M0F3A | 0x25, Tuple.FULL, into, left, right);
    code.putImmediate(table);
  }

  public final void vpslld(Vector into, Operand from, int bits) {
    evexExtended(P66 | M0F | 0x72, 6, into, from, bits);
  }

  public final void vpsrld(Vector into, Operand from, int bits) {
    evexExtended(P66 | M0F | 0x72, 2, into, from, bits);
  }

  public final void vpsrlq(Vector into, Operand from, int bits) {
    evexExtended(P66 | M0F | W1 | 0x73, 2, into, from, bits);
  }

  public final void vpsrad(Vector into, Operand from, int bits) {
    evexExtended(P66 | M0F | 0x72, 4, into, from, bits);
  }

  // Comparisons, into a mask: predicate 0 is =, 1 <, 2 ≤, 4 ≠, 5 ≥ (also of NaN), 6 >.

  public final void vcmpps(Mask into, Vector left, Operand right, int predicate) {
    vcmpps(into, Mask.K0, left, right, predicate);
  }

  /** Other lanes become 0. */
  public final void vcmpps(Mask into, Mask lanes, Vector left, Operand right, int predicate) {
    evexMask(M0F | 0xC2, Tuple.FULL, into, lanes, left, right);
    code.putImmediate(predicate);
  }

  public final void vpcmpd(Mask into, Vector left, Operand right, int predicate) {
    vpcmpd(into, Mask.K0, left, right, predicate);
  }

  /** Other lanes become 0. */
  public final void vpcmpd(Mask into, Mask lanes, Vector left, Operand right, int predicate) {
    evexMask(P66 | M0F3A | 0x1F, Tuple.FULL, into, lanes, left, right);
    code.putImmediate(predicate);
  }

  public final void vpcmpeqd(Mask into, Vector left, Operand right) {
    evexMask(P66 | M0F | 0x76, Tuple.FULL, into, Mask.K0, left, right);
  }

  // Conversions. Those to bf16 round to the nearest even and take subnormals for 0.

  /** To bf16, in half the width. */
  public final void vcvtneps2bf16(Vector into, Operand from) {
    narrow(PF3 | M0F38 | 0x72, into, from);
  }

  /** To bf16: those of {@code right} in the lower half, of {@code left} in the upper. */
  public final void vcvtne2ps2bf16(Vector into, Vector left, Operand right) {
    evex(PF2 | M0F38 | 0x72, Tuple.FULL, into, left, right);
  }

  /** From F16, in half the width. */
  public final void vcvtph2ps(Vector into, Operand from) {
    requireWidth(half(into.bits()), from);
    evex(P66 | M0F38 | 0x13, Tuple.HALF_MEMORY, into.bits(), into, 0, from);
  }

  /** To F16, in half the width; rounding 0 is to the nearest even. */
  public final void vcvtps2ph(Operand into, Vector from, int rounding) {
    requireWidth(half(from.bits()), into);
    evexStore(P66 | M0F3A | 0x1D, Tuple.HALF_MEMORY, from.bits(), into, from);
    code.putImmediate(rounding);
  }

  public final void vcvtps2dq(Vector into, Operand from) {
    evex(P66 | M0F | 0x5B, Tuple.FULL, into, from);
  }

  public final void vcvtdq2ps(Vector into, Operand from) {
    evex(M0F | 0x5B, Tuple.FULL, into, from);
  }

  public final void vcvtps2pd(Vector into, Operand from) {
    requireWidth(half(into.bits()), from);
    evex(M0F | 0x5A, Tuple.HALF, into.bits(), into, 0, from);
  }

  public final void vcvtpd2ps(Vector into, Operand from) {
    narrow(P66 | M0F | W1 | 0x5A, into, from);
  }

  public final void vpmovzxwd(Vector into, Operand from) {
    requireWidth(half(into.bits()), from);
    evex(P66 | M0F38 | 0x33, Tuple.HALF_MEMORY, into.bits(), into, 0, from);
  }

  /** The lower 16 bits of each 32. */
  public final void vpmovdw(Operand into, Vector from) {
    requireWidth(half(from.bits()), into);
    evexStore(PF3 | M0F38 | 0x33, Tuple.HALF_MEMORY, from.bits(), into, from);
  }

  /** A conversion to elements half as wide, of a register or of twice the destination's width. */
  private void narrow(int instruction, Vector into, Operand from) {
    var bits = from instanceof Vector vector ? vector.bits() : 2 * into.bits();
    requireWidth(half(bits), into);
    evex(instruction, Tuple.FULL, bits, into, 0, from);
  }

  /** The register for half of so many bits. */
  private static int half(int bits) {
    return Math.max(128, bits / 2);
  }
}
