package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K3;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K4;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K7;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The bytes are those that GNU as 2.40 gives for the text. */
class Avx512ArithmeticGoldenTest {
  private static void expect(String text, String bytes, Consumer<Avx512Assembler> instruction) {
    var assembler = new Avx512Assembler();
    instruction.accept(assembler);
    assertEquals(bytes, HexFormat.of().formatHex(assembler.toByteArray()), text);
  }

  @Test
  void arithmeticHasTheBytesOfGnuAs() {
    expect("vdpbf16ps zmm0,zmm1,zmm2", "62f2764852c2", a -> a.vdpbf16ps(zmm(0), zmm(1), zmm(2)));
    expect(
        "vdpbf16ps zmm31,zmm30,zmm29", "62020e4052fd", a -> a.vdpbf16ps(zmm(31), zmm(30), zmm(29)));
    expect(
        "vdpbf16ps zmm8,zmm16,[rax]{1to16}",
        "62727e505200",
        a -> a.vdpbf16ps(zmm(8), zmm(16), at(RAX).broadcasted()));
    expect(
        "vdpbf16ps zmm8,zmm16,[rax+508]{1to16}",
        "62727e5052407f",
        a -> a.vdpbf16ps(zmm(8), zmm(16), at(RAX, 508).broadcasted()));
    expect(
        "vdpbf16ps zmm8,zmm16,[rax+512]{1to16}",
        "62727e50528000020000",
        a -> a.vdpbf16ps(zmm(8), zmm(16), at(RAX, 512).broadcasted()));
    expect(
        "vdpbf16ps zmm8,zmm16,[rax+2]{1to16}",
        "62727e50528002000000",
        a -> a.vdpbf16ps(zmm(8), zmm(16), at(RAX, 2).broadcasted()));
    expect(
        "vdpbf16ps zmm23{k7},zmm7,[r12+r13*8-64]",
        "6282464f527cecff",
        a -> a.vdpbf16ps(zmm(23).masked(K7), zmm(7), at(R12, R13, 8, -64)));
    expect(
        "vfmadd231ps zmm0,zmm31,[rdi+rcx*4]{1to16}",
        "62f20550b8048f",
        a -> a.vfmadd231ps(zmm(0), zmm(31), at(RDI, RCX, 4, 0).broadcasted()));
    expect(
        "vfmadd231ps zmm28,zmm2,[rsp+8128]",
        "62626d48b864247f",
        a -> a.vfmadd231ps(zmm(28), zmm(2), at(RSP, 8128)));
    expect(
        "vfmadd231ps zmm28,zmm2,[rsp+8192]",
        "62626d48b8a42400200000",
        a -> a.vfmadd231ps(zmm(28), zmm(2), at(RSP, 8192)));
    expect(
        "vfmadd231ps zmm28,zmm2,[rsp-8192]",
        "62626d48b8642480",
        a -> a.vfmadd231ps(zmm(28), zmm(2), at(RSP, -8192)));
    expect(
        "vfmadd231ps zmm28,zmm2,[rsp+8]",
        "62626d48b8a42408000000",
        a -> a.vfmadd231ps(zmm(28), zmm(2), at(RSP, 8)));
    expect(
        "vfmadd213ps ymm17{k1}{z},ymm18,[rbp]",
        "62e26da1a84d00",
        a -> a.vfmadd213ps(ymm(17).zeroed(K1), ymm(18), at(RBP)));
    expect(
        "vfmsub231ps zmm3,zmm22,[rsi+64]",
        "62f24d40ba5e01",
        a -> a.vfmsub231ps(zmm(3), zmm(22), at(RSI, 64)));
    expect(
        "vfnmadd231ps zmm1,zmm2,[r13]",
        "62d26d48bc4d00",
        a -> a.vfnmadd231ps(zmm(1), zmm(2), at(R13)));
    expect(
        "vfmadd231pd zmm1,zmm22,[r13-1024]{1to8}",
        "62d2cd50b84d80",
        a -> a.vfmadd231pd(zmm(1), zmm(22), at(R13, -1024).broadcasted()));
    expect(
        "vaddps zmm5{k2}{z},zmm6,zmm7",
        "62f14cca58ef",
        a -> a.vaddps(zmm(5).zeroed(K2), zmm(6), zmm(7)));
    expect(
        "vaddps xmm16,xmm15,[r12+240]",
        "62c104085844240f",
        a -> a.vaddps(xmm(16), xmm(15), at(R12, 240)));
    expect(
        "vsubps zmm9,zmm10,[r9+64]", "62512c485c4901", a -> a.vsubps(zmm(9), zmm(10), at(R9, 64)));
    expect(
        "vmulps zmm16,zmm17,[r8+4]{1to16}",
        "62c17450594001",
        a -> a.vmulps(zmm(16), zmm(17), at(R8, 4).broadcasted()));
    expect("vdivps ymm20,ymm1,ymm2", "62e174285ee2", a -> a.vdivps(ymm(20), ymm(1), ymm(2)));
    expect(
        "vmaxps zmm3,zmm19,[rbp+64]",
        "62f164405f5d01",
        a -> a.vmaxps(zmm(3), zmm(19), at(RBP, 64)));
    expect("vminps zmm3,zmm19,zmm21", "62b164405ddd", a -> a.vminps(zmm(3), zmm(19), zmm(21)));
    expect(
        "vaddpd zmm30,zmm3,[rax+8]{1to8}",
        "6261e558587001",
        a -> a.vaddpd(zmm(30), zmm(3), at(RAX, 8).broadcasted()));
    expect("vmulpd zmm30,zmm3,zmm4", "6261e54859f4", a -> a.vmulpd(zmm(30), zmm(3), zmm(4)));
    expect(
        "vaddss xmm17,xmm18,[rax+4]",
        "62e16e00584801",
        a -> a.vaddss(xmm(17), xmm(18), at(RAX, 4)));
    expect("vsqrtps zmm1,zmm20", "62b17c4851cc", a -> a.vsqrtps(zmm(1), zmm(20)));
    expect("vrcp14ps zmm20{k3},zmm1", "62e27d4b4ce1", a -> a.vrcp14ps(zmm(20).masked(K3), zmm(1)));
    expect("vrsqrt14ps zmm20,[rdx]", "62e27d484e22", a -> a.vrsqrt14ps(zmm(20), at(RDX)));
    expect("vscalefps zmm4,zmm5,zmm6", "62f255482ce6", a -> a.vscalefps(zmm(4), zmm(5), zmm(6)));
    expect(
        "vrangeps zmm1,zmm17,[rax+4]{1to16},3",
        "62f3755050480103",
        a -> a.vrangeps(zmm(1), zmm(17), at(RAX, 4).broadcasted(), 3));
    expect(
        "vpaddb zmm1{k1},zmm2,zmm19",
        "62b16d49fccb",
        a -> a.vpaddb(zmm(1).masked(K1), zmm(2), zmm(19)));
    expect(
        "vpaddq zmm1,zmm2,[rax+8]{1to8}",
        "62f1ed58d44801",
        a -> a.vpaddq(zmm(1), zmm(2), at(RAX, 8).broadcasted()));
    expect("vpmullq zmm1,zmm2,zmm19", "62b2ed4840cb", a -> a.vpmullq(zmm(1), zmm(2), zmm(19)));
    expect("vpsrlq zmm1,zmm29,30", "6291f54873d51e", a -> a.vpsrlq(zmm(1), zmm(29), 30));
    expect("vrndscaleps zmm1,zmm31,0", "62937d4808cf00", a -> a.vrndscaleps(zmm(1), zmm(31), 0));
    expect(
        "vpaddd zmm1,zmm2,[rax+64]", "62f16d48fe4801", a -> a.vpaddd(zmm(1), zmm(2), at(RAX, 64)));
    expect("vpsubd zmm17,zmm18,zmm19", "62a16d40facb", a -> a.vpsubd(zmm(17), zmm(18), zmm(19)));
    expect(
        "vpandd zmm1,zmm2,[rax]{1to16}",
        "62f16d58db08",
        a -> a.vpandd(zmm(1), zmm(2), at(RAX).broadcasted()));
    expect("vpandnd zmm1,zmm2,zmm3", "62f16d48dfcb", a -> a.vpandnd(zmm(1), zmm(2), zmm(3)));
    expect("vpord zmm25,zmm26,zmm27", "62012d40ebcb", a -> a.vpord(zmm(25), zmm(26), zmm(27)));
    expect("vpxord zmm31,zmm31,zmm31", "62010540efff", a -> a.vpxord(zmm(31), zmm(31), zmm(31)));
    expect(
        "vpternlogd zmm1,zmm2,zmm3,0xd8",
        "62f36d4825cbd8",
        a -> a.vpternlogd(zmm(1), zmm(2), zmm(3), 0xd8));
    expect("vpslld zmm18,zmm2,16", "62f16d4072f210", a -> a.vpslld(zmm(18), zmm(2), 16));
    expect(
        "vpslld zmm1{k1}{z},[rsi+64],16",
        "62f175c972760110",
        a -> a.vpslld(zmm(1).zeroed(K1), at(RSI, 64), 16));
    expect("vpsrld zmm1,zmm29,16", "6291754872d510", a -> a.vpsrld(zmm(1), zmm(29), 16));
    expect("vpsrad zmm1,zmm29,31", "6291754872e51f", a -> a.vpsrad(zmm(1), zmm(29), 31));
    expect("vcmpps k1,zmm1,zmm2,1", "62f17448c2ca01", a -> a.vcmpps(K1, zmm(1), zmm(2), 1));
    expect(
        "vcmpps k7{k2},zmm1,[rax]{1to16},5",
        "62f1745ac23805",
        a -> a.vcmpps(K7, K2, zmm(1), at(RAX).broadcasted(), 5));
    expect(
        "vpcmpd k3,zmm30,[r13+64],2",
        "62d30d401f5d0102",
        a -> a.vpcmpd(K3, zmm(30), at(R13, 64), 2));
    expect("vpcmpeqd k2,zmm17,zmm1", "62f1754076d1", a -> a.vpcmpeqd(K2, zmm(17), zmm(1)));
    expect("vcvtneps2bf16 ymm1,zmm18", "62b27e4872ca", a -> a.vcvtneps2bf16(ymm(1), zmm(18)));
    expect(
        "vcvtneps2bf16 ymm30{k1}{z},[rax+64]",
        "62627ec9727001",
        a -> a.vcvtneps2bf16(ymm(30).zeroed(K1), at(RAX, 64)));
    expect("vcvtneps2bf16 xmm2,ymm19", "62b27e2872d3", a -> a.vcvtneps2bf16(xmm(2), ymm(19)));
    expect(
        "vcvtneps2bf16 ymm30,[rax+4]{1to16}",
        "62627e58727001",
        a -> a.vcvtneps2bf16(ymm(30), at(RAX, 4).broadcasted()));
    expect(
        "vcvtne2ps2bf16 zmm1,zmm2,[rsi+128]",
        "62f26f48724e02",
        a -> a.vcvtne2ps2bf16(zmm(1), zmm(2), at(RSI, 128)));
    expect("vcvtph2ps zmm19,ymm20", "62a27d4813dc", a -> a.vcvtph2ps(zmm(19), ymm(20)));
    expect("vcvtph2ps zmm1,[rsi+32]", "62f27d48134e01", a -> a.vcvtph2ps(zmm(1), at(RSI, 32)));
    expect(
        "vcvtph2ps zmm1,[rsi+48]", "62f27d48138e30000000", a -> a.vcvtph2ps(zmm(1), at(RSI, 48)));
    expect("vcvtps2ph ymm19,zmm3,0", "62b37d481ddb00", a -> a.vcvtps2ph(ymm(19), zmm(3), 0));
    expect(
        "vcvtps2ph [rdi+96]{k1},zmm3,0",
        "62f37d491d5f0300",
        a -> a.vcvtps2ph(at(RDI, 96).masked(K1), zmm(3), 0));
    expect("vcvtps2dq zmm1,zmm17", "62b17d485bc9", a -> a.vcvtps2dq(zmm(1), zmm(17)));
    expect("vcvtdq2ps zmm1,zmm17", "62b17c485bc9", a -> a.vcvtdq2ps(zmm(1), zmm(17)));
    expect("vcvtps2pd zmm7,[rsi+32]", "62f17c485a7e01", a -> a.vcvtps2pd(zmm(7), at(RSI, 32)));
    expect("vcvtps2pd zmm7,ymm31", "62917c485aff", a -> a.vcvtps2pd(zmm(7), ymm(31)));
    expect("vcvtpd2ps ymm31,zmm7", "6261fd485aff", a -> a.vcvtpd2ps(ymm(31), zmm(7)));
    expect("vpmovzxwd zmm4,[rsi+32]", "62f27d48336601", a -> a.vpmovzxwd(zmm(4), at(RSI, 32)));
    expect(
        "vpmovzxwd zmm4{k4}{z},ymm25",
        "62927dcc33e1",
        a -> a.vpmovzxwd(zmm(4).zeroed(K4), ymm(25)));
    expect("vpmovdw ymm9,zmm18", "62c27e4833d1", a -> a.vpmovdw(ymm(9), zmm(18)));
    expect(
        "vpmovdw [rdi+32]{k1},zmm18",
        "62e27e49335701",
        a -> a.vpmovdw(at(RDI, 32).masked(K1), zmm(18)));
  }
}
