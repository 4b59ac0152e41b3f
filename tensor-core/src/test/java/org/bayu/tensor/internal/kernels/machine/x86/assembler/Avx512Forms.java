package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import java.util.List;
import java.util.Random;

/** The instructions of AVX-512: any width, any register, with and without masks and broadcasts. */
final class Avx512Forms extends Avx512Shapes {
  private static final List<String> FLOAT_PREDICATES =
      List.of("eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord");
  private static final List<String> INTEGER_PREDICATES =
      List.of("eq", "lt", "le", "", "neq", "nlt", "nle");

  Avx512Forms(Random random) {
    super(random);
  }

  @Override
  void emitAll() {
    arithmetic();
    integers();
    comparisons();
    conversions();
    moves();
    shuffles();
    masks();
  }

  private void arithmetic() {
    three("vdpbf16ps", Source.FLOATS, Avx512Assembler::vdpbf16ps);
    three("vfmadd231ps", Source.FLOATS, Avx512Assembler::vfmadd231ps);
    three("vfmadd213ps", Source.FLOATS, Avx512Assembler::vfmadd213ps);
    three("vfmsub231ps", Source.FLOATS, Avx512Assembler::vfmsub231ps);
    three("vfnmadd231ps", Source.FLOATS, Avx512Assembler::vfnmadd231ps);
    three("vfmadd231pd", Source.DOUBLES, Avx512Assembler::vfmadd231pd);
    three("vaddps", Source.FLOATS, Avx512Assembler::vaddps);
    three("vsubps", Source.FLOATS, Avx512Assembler::vsubps);
    three("vmulps", Source.FLOATS, Avx512Assembler::vmulps);
    three("vdivps", Source.FLOATS, Avx512Assembler::vdivps);
    three("vmaxps", Source.FLOATS, Avx512Assembler::vmaxps);
    three("vminps", Source.FLOATS, Avx512Assembler::vminps);
    three("vaddpd", Source.DOUBLES, Avx512Assembler::vaddpd);
    three("vmulpd", Source.DOUBLES, Avx512Assembler::vmulpd);
    three("vscalefps", Source.FLOATS, Avx512Assembler::vscalefps);
    two("vsqrtps", Source.FLOATS, Avx512Assembler::vsqrtps);
    two("vrcp14ps", Source.FLOATS, Avx512Assembler::vrcp14ps);
    two("vrsqrt14ps", Source.FLOATS, Avx512Assembler::vrsqrt14ps);
    threeAndByte("vrangeps", width(), Source.FLOATS, Avx512Assembler::vrangeps);
    twoAndByte("vrndscaleps", Source.FLOATS, Avx512Assembler::vrndscaleps);
    var into = destination(128);
    var left = vector(128);
    var right = random.nextBoolean() ? vector(128) : address();
    expect("vaddss", 4, into, left, right);
    assembler.vaddss(into, left, right);
  }

  private void integers() {
    three("vpaddb", Source.MEMORY, Avx512Assembler::vpaddb);
    three("vpaddq", Source.DOUBLES, Avx512Assembler::vpaddq);
    three("vpmullq", Source.DOUBLES, Avx512Assembler::vpmullq);
    twoAndByte("vpsrlq", Source.DOUBLES, Avx512Assembler::vpsrlq);
    three("vpaddd", Source.FLOATS, Avx512Assembler::vpaddd);
    three("vpsubd", Source.FLOATS, Avx512Assembler::vpsubd);
    three("vpandd", Source.FLOATS, Avx512Assembler::vpandd);
    three("vpandnd", Source.FLOATS, Avx512Assembler::vpandnd);
    three("vpord", Source.FLOATS, Avx512Assembler::vpord);
    three("vpxord", Source.FLOATS, Avx512Assembler::vpxord);
    threeAndByte("vpternlogd", width(), Source.FLOATS, Avx512Assembler::vpternlogd);
    twoAndByte("vpslld", Source.FLOATS, Avx512Assembler::vpslld);
    twoAndByte("vpsrld", Source.FLOATS, Avx512Assembler::vpsrld);
    twoAndByte("vpsrad", Source.FLOATS, Avx512Assembler::vpsrad);
  }

  private void comparisons() {
    var bits = width();
    var left = vector(bits);
    var right = source(bits, Source.FLOATS);
    var bytes = memoryBytes(right, bits, 4);
    var into = mask();
    var lanes = pick(MASKS);
    var target = "k" + into.number() + (lanes == Mask.K0 ? "" : "{k" + lanes.number() + "}");

    var predicate = random.nextInt(FLOAT_PREDICATES.size());
    expect("vcmp" + FLOAT_PREDICATES.get(predicate) + "ps", bytes, target, left, right);
    assembler.vcmpps(into, lanes, left, right, predicate);
    predicate = random.nextInt(3);
    expect("vpcmp" + INTEGER_PREDICATES.get(predicate) + "d", bytes, target, left, right);
    assembler.vpcmpd(into, lanes, left, right, predicate);
    predicate = random.nextInt(4, INTEGER_PREDICATES.size());
    expect(
        "vpcmp" + INTEGER_PREDICATES.get(predicate) + "d", bytes, "k" + into.number(), left, right);
    assembler.vpcmpd(into, left, right, predicate);
    expect("vcmp" + "unord" + "ps", bytes, "k" + into.number(), left, right);
    assembler.vcmpps(into, left, right, 3);
    expect("vpcmpeqd", bytes, "k" + into.number(), left, right);
    assembler.vpcmpeqd(into, left, right);
  }

  private void conversions() {
    three("vcvtne2ps2bf16", Source.FLOATS, Avx512Assembler::vcvtne2ps2bf16);
    two("vcvtps2dq", Source.FLOATS, Avx512Assembler::vcvtps2dq);
    two("vcvtdq2ps", Source.FLOATS, Avx512Assembler::vcvtdq2ps);
    narrow("vcvtneps2bf16", Source.FLOATS, 4, Avx512Assembler::vcvtneps2bf16);
    narrow("vcvtpd2ps", Source.DOUBLES, 8, Avx512Assembler::vcvtpd2ps);
    widen("vcvtph2ps", Source.MEMORY, Avx512Assembler::vcvtph2ps);
    widen("vcvtps2pd", Source.FLOATS, Avx512Assembler::vcvtps2pd);
    widen("vpmovzxwd", Source.MEMORY, Avx512Assembler::vpmovzxwd);
    var bits = width();
    var from = vector(bits);
    for (var into : List.of(destination(half(bits)), masked(address()))) {
      expect("vpmovdw", bits / 16, into, from);
      assembler.vpmovdw(into, from);
      var rounding = immediate();
      expect("vcvtps2ph", bits / 16, into, from, rounding);
      assembler.vcvtps2ph(into, from, rounding);
    }
  }

  private void moves() {
    two("vmovups", Source.MEMORY, Avx512Assembler::vmovups);
    two("vmovdqu16", Source.MEMORY, Avx512Assembler::vmovdqu16);
    two("vmovdqu32", Source.MEMORY, Avx512Assembler::vmovdqu32);
    var bits = width();
    var from = vector(bits);
    var to = masked(address());
    expect("vmovups", bits / 8, to, from);
    assembler.vmovups(to, from);
    expect("vmovdqu16", bits / 8, to, from);
    assembler.vmovdqu16(to, from);
    expect("vmovdqu32", bits / 8, to, from);
    assembler.vmovdqu32(to, from);
    var plain = address();
    expect("vmovntps", bits / 8, plain, from);
    assembler.vmovntps(plain, from);
    var into = destination(bits);
    expect("vmovaps", 0, into, from);
    assembler.vmovaps(into, from);
    var one = destination(128);
    expect("vmovss", 4, one, plain);
    assembler.vmovss(one, plain);
    expect("vmovss", 4, to, from.withBits(128));
    assembler.vmovss(to, from.withBits(128));
    var register = gp();
    expect("vmovq", 0, register, from.withBits(128));
    assembler.vmovq(register, from.withBits(128));
    expect("vpbroadcastd", 0, into, name32(register));
    assembler.vpbroadcastd(into, register);
    expect("vpbroadcastq", 0, into, register);
    assembler.vpbroadcastq(into, register);
    var element = random.nextBoolean() ? vector(128) : address();
    expect("vpbroadcastd", 4, into, element);
    assembler.vpbroadcastd(into, element);
    into = destination(random.nextBoolean() ? 256 : 512);
    expect("vbroadcastss", 4, into, element);
    assembler.vbroadcastss(into, element);
  }

  private void shuffles() {
    three("vpunpckldq", Source.FLOATS, Avx512Assembler::vpunpckldq);
    three("vpunpckhdq", Source.FLOATS, Avx512Assembler::vpunpckhdq);
    three("vpunpcklqdq", Source.DOUBLES, Avx512Assembler::vpunpcklqdq);
    three("vpunpckhqdq", Source.DOUBLES, Avx512Assembler::vpunpckhqdq);
    three("vpunpcklbw", Source.MEMORY, Avx512Assembler::vpunpcklbw);
    three("vpunpckhbw", Source.MEMORY, Avx512Assembler::vpunpckhbw);
    three("vpackusdw", Source.FLOATS, Avx512Assembler::vpackusdw);
    three("vpackuswb", Source.MEMORY, Avx512Assembler::vpackuswb);
    three("vpermi2b", Source.MEMORY, Avx512Assembler::vpermi2b);
    three("vpunpcklwd", Source.MEMORY, Avx512Assembler::vpunpcklwd);
    three("vpunpckhwd", Source.MEMORY, Avx512Assembler::vpunpckhwd);
    threeAndByte("vshufps", width(), Source.FLOATS, Avx512Assembler::vshufps);
    twoAndByte("vpermilps", Source.FLOATS, Avx512Assembler::vpermilps);
    threeAndByte("vshufi32x4", wide(), Source.FLOATS, Avx512Assembler::vshufi32x4);
    threeAndByte("vshuff32x4", wide(), Source.FLOATS, Avx512Assembler::vshuff32x4);
    three("vpermw", Source.MEMORY, Avx512Assembler::vpermw);
    three("vpermd", wide(), Source.FLOATS, Avx512Assembler::vpermd);
    three("vpermt2w", Source.MEMORY, Avx512Assembler::vpermt2w);
    three("vpermt2d", Source.FLOATS, Avx512Assembler::vpermt2d);
    extract("vextractf32x4", 128, wide(), Avx512Assembler::vextractf32x4);
    extract("vextracti32x4", 128, wide(), Avx512Assembler::vextracti32x4);
    extract("vextractf64x4", 256, 512, Avx512Assembler::vextractf64x4);
    extract("vextracti64x4", 256, 512, Avx512Assembler::vextracti64x4);
    var into = destination(512);
    var left = vector(512);
    var right = random.nextBoolean() ? vector(256) : address();
    var half = immediate();
    expect("vinserti64x4", 32, into, left, right, half);
    assembler.vinserti64x4(into, left, right, half);
  }

  private void masks() {
    var into = pick(MASKS);
    var target = "k" + into.number();
    var register = gp();
    expect("kmovw", 0, target, name32(register));
    assembler.kmovw(into, register);
    expect("kmovd", 0, target, name32(register));
    assembler.kmovd(into, register);
    expect("kmovq", 0, target, register);
    assembler.kmovq(into, register);
    var left = mask();
    var right = mask();
    expect("kxnorw", 0, target, "k" + left.number(), "k" + right.number());
    assembler.kxnorw(into, left, right);
    expect("kunpckwd", 0, target, "k" + left.number(), "k" + right.number());
    assembler.kunpckwd(into, left, right);
    expect("kunpckdq", 0, target, "k" + left.number(), "k" + right.number());
    assembler.kunpckdq(into, left, right);
    expect("knotq", 0, target, "k" + left.number());
    assembler.knotq(into, left);
    var bytes = vector(width());
    expect("vpmovb2m", 0, target, bytes);
    assembler.vpmovb2m(into, bytes);
    expect("kortestw", 0, "k" + left.number(), "k" + right.number());
    assembler.kortestw(left, right);
    var bits = immediate();
    expect("kshiftrw", 0, target, "k" + left.number(), bits);
    assembler.kshiftrw(into, left, bits);
  }
}
