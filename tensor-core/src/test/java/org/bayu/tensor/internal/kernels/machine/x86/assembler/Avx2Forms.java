package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import java.util.Random;

/** The instructions of AVX2, FMA and F16C. */
final class Avx2Forms extends Forms<Avx2Assembler> {
  Avx2Forms(Random random) {
    super(new Avx2Assembler(), random, 16);
  }

  @Override
  void emitAll() {
    three("vfmadd231ps", Avx2Assembler::vfmadd231ps);
    three("vfmadd231pd", Avx2Assembler::vfmadd231pd);
    three("vfmadd213ps", Avx2Assembler::vfmadd213ps);
    three("vfmsub231ps", Avx2Assembler::vfmsub231ps);
    three("vfnmadd231ps", Avx2Assembler::vfnmadd231ps);
    three("vaddps", Avx2Assembler::vaddps);
    three("vaddpd", Avx2Assembler::vaddpd);
    three("vsubps", Avx2Assembler::vsubps);
    three("vmulps", Avx2Assembler::vmulps);
    three("vdivps", Avx2Assembler::vdivps);
    three("vmaxps", Avx2Assembler::vmaxps);
    three("vminps", Avx2Assembler::vminps);
    three("vxorps", Avx2Assembler::vxorps);
    three("vpaddd", Avx2Assembler::vpaddd);
    three("vpsubd", Avx2Assembler::vpsubd);
    three("vpcmpgtd", Avx2Assembler::vpcmpgtd);
    three("vpackuswb", Avx2Assembler::vpackuswb);
    three("vpackusdw", Avx2Assembler::vpackusdw);
    three("vpand", Avx2Assembler::vpand);
    three("vpor", Avx2Assembler::vpor);
    three("vunpcklps", Avx2Assembler::vunpcklps);
    three("vunpckhps", Avx2Assembler::vunpckhps);
    threeAndByte("vshufps", width(), Avx2Assembler::vshufps);
    threeAndByte("vperm2f128", 256, Avx2Assembler::vperm2f128);
    widen("vcvtph2ps", Avx2Assembler::vcvtph2ps);
    widen("vpmovzxwd", Avx2Assembler::vpmovzxwd);
    widen("vcvtps2pd", Avx2Assembler::vcvtps2pd);
    moves();
    comparisons();
    others();
  }

  private void moves() {
    var bits = width();
    var register = vector(bits);
    var place = address();
    var lanes = vector(bits);
    expect("vmovups", bits / 8, register, place);
    assembler.vmovups(register, place);
    expect("vmovups", bits / 8, place, register);
    assembler.vmovups(place, register);
    expect("vmovaps", 0, register, lanes);
    assembler.vmovaps(register, lanes);
    expect("vmaskmovps", bits / 8, register, lanes, place);
    assembler.vmaskmovps(register, lanes, place);
    expect("vmaskmovps", bits / 8, place, lanes, register);
    assembler.vmaskmovps(place, lanes, register);
    var one = source(128);
    expect("vbroadcastss", 4, register, one);
    assembler.vbroadcastss(register, one);
    expect("vmovlps", 8, place, register.withBits(128));
    assembler.vmovlps(place, register.withBits(128));
    var upper = vector(128);
    expect("vmovss", 0, register.withBits(128), upper, lanes.withBits(128));
    assembler.vmovss(register.withBits(128), upper, lanes.withBits(128));
    expect("vpinsrw", 2, register.withBits(128), upper, place, 1);
    assembler.vpinsrw(register.withBits(128), upper, place, 1);
    var lane = random.nextInt(4);
    expect("vpinsrd", 4, register.withBits(128), upper, place, lane);
    assembler.vpinsrd(register.withBits(128), upper, place, lane);
    expect("vpextrw", 2, place, register.withBits(128), 1);
    assembler.vpextrw(place, register.withBits(128), 1);
    var general = gp();
    expect("vmovq", 0, general, register.withBits(128));
    assembler.vmovq(general, register.withBits(128));
    expect("vmovq", 0, register.withBits(128), general);
    assembler.vmovq(register.withBits(128), general);
    expect("vmovss", 4, register.withBits(128), place);
    assembler.vmovss(register.withBits(128), place);
    expect("vmovss", 4, place, register.withBits(128));
    assembler.vmovss(place, register.withBits(128));
  }

  private void comparisons() {
    var bits = width();
    var into = vector(bits);
    var left = vector(bits);
    var right = source(bits);
    var lanes = vector(bits);
    expect("vcmpunordps", bits / 8, into, left, right);
    assembler.vcmpps(into, left, right, 3);
    expect("vcmpltps", bits / 8, into, left, right);
    assembler.vcmpps(into, left, right, 1);
    expect("vblendvps", bits / 8, into, left, right, lanes);
    assembler.vblendvps(into, left, right, lanes);
    var element = source(128);
    expect("vpbroadcastw", 2, into, element);
    assembler.vpbroadcastw(into, element);
  }

  private void others() {
    var bits = width();
    var into = vector(bits);
    var from = vector(bits);
    var last = immediate();
    expect("vpslld", 0, into, from, last);
    assembler.vpslld(into, from, last);
    expect("vpsrld", 0, into, from, last);
    assembler.vpsrld(into, from, last);
    expect("vpsrad", 0, into, from, last);
    assembler.vpsrad(into, from, last);
    var other = source(bits);
    expect("vroundps", bits / 8, into, other, last);
    assembler.vroundps(into, other, last);
    expect("vcvtps2dq", bits / 8, into, other);
    assembler.vcvtps2dq(into, other);
    expect("vptest", bits / 8, into, other);
    assembler.vptest(into, other);
    var quarters = source(256);
    expect("vpermq", 32, into.withBits(256), quarters, last);
    assembler.vpermq(into.withBits(256), quarters, last);
    var half = source(128);
    expect("vextractf128", 16, half, into.withBits(256), last);
    assembler.vextractf128(half, into.withBits(256), last);
    expect("vinsertf128", 16, into.withBits(256), from.withBits(256), half, last);
    assembler.vinsertf128(into.withBits(256), from.withBits(256), half, last);
    expect("vaddss", 4, into.withBits(128), from.withBits(128), half);
    assembler.vaddss(into.withBits(128), from.withBits(128), half);
  }

  private int width() {
    return 128 << random.nextInt(2);
  }

  private Operand source(int bits) {
    return random.nextBoolean() ? vector(bits) : address();
  }

  private void three(String name, Three<Avx2Assembler, Vector, Vector, Operand> instruction) {
    var bits = width();
    var into = vector(bits);
    var left = vector(bits);
    var right = source(bits);
    expect(name, bits / 8, into, left, right);
    instruction.emit(assembler, into, left, right);
  }

  private void threeAndByte(
      String name, int bits, Four<Avx2Assembler, Vector, Vector, Operand, Integer> instruction) {
    var into = vector(bits);
    var left = vector(bits);
    var right = source(bits);
    var last = immediate();
    expect(name, bits / 8, into, left, right, last);
    instruction.emit(assembler, into, left, right, last);
  }

  private void widen(String name, Two<Avx2Assembler, Vector, Operand> instruction) {
    var bits = width();
    var into = vector(bits);
    var from = source(128);
    expect(name, bits / 16, into, from);
    instruction.emit(assembler, into, from);
  }
}
