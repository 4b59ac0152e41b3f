package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The bytes are those that GNU as 2.40 gives for the text. */
class Avx2AssemblerGoldenTest {
  private static void expect(String text, String bytes, Consumer<Avx2Assembler> instruction) {
    var assembler = new Avx2Assembler();
    instruction.accept(assembler);
    assertEquals(bytes, HexFormat.of().formatHex(assembler.toByteArray()), text);
  }

  @Test
  void instructionsHaveTheBytesOfGnuAs() {
    expect("vmovups ymm1,[rsi]", "c5fc100e", a -> a.vmovups(ymm(1), at(RSI)));
    expect(
        "vmovups ymm9,[r13+r12*4+32]",
        "c4017c104ca520",
        a -> a.vmovups(ymm(9), at(R13, R12, 4, 32)));
    expect("vmovups [rsp+0x80],ymm15", "c57c11bc2480000000", a -> a.vmovups(at(RSP, 128), ymm(15)));
    expect("vmovups [rdi],xmm2", "c5f81117", a -> a.vmovups(at(RDI), xmm(2)));
    expect("vmovaps ymm1,ymm2", "c5fc28ca", a -> a.vmovaps(ymm(1), ymm(2)));
    expect("vmovss xmm9,[r12]", "c4417a100c24", a -> a.vmovss(xmm(9), at(R12)));
    expect("vmovss [rdi+4],xmm9", "c57a114f04", a -> a.vmovss(at(RDI, 4), xmm(9)));
    expect(
        "vmaskmovps ymm1,ymm15,[rsi]", "c4e2052c0e", a -> a.vmaskmovps(ymm(1), ymm(15), at(RSI)));
    expect(
        "vmaskmovps [rdi+32],ymm2,ymm9",
        "c4626d2e4f20",
        a -> a.vmaskmovps(at(RDI, 32), ymm(2), ymm(9)));
    expect("vbroadcastss ymm8,[rdi+4]", "c4627d184704", a -> a.vbroadcastss(ymm(8), at(RDI, 4)));
    expect("vbroadcastss ymm8,[rbp]", "c4627d184500", a -> a.vbroadcastss(ymm(8), at(RBP)));
    expect(
        "vfmadd231ps ymm0,ymm14,ymm15", "c4c20db8c7", a -> a.vfmadd231ps(ymm(0), ymm(14), ymm(15)));
    expect(
        "vfmadd231ps ymm9,ymm1,[r8+r9*4]",
        "c40275b80c88",
        a -> a.vfmadd231ps(ymm(9), ymm(1), at(R8, R9, 4, 0)));
    expect(
        "vfmadd231pd ymm9,ymm1,[r8+r9*4]",
        "c402f5b80c88",
        a -> a.vfmadd231pd(ymm(9), ymm(1), at(R8, R9, 4, 0)));
    expect(
        "vfmadd231pd ymm0,ymm14,ymm15", "c4c28db8c7", a -> a.vfmadd231pd(ymm(0), ymm(14), ymm(15)));
    expect("vaddps ymm1,ymm2,ymm3", "c5ec58cb", a -> a.vaddps(ymm(1), ymm(2), ymm(3)));
    expect("vsubps ymm1,ymm12,ymm13", "c4c11c5ccd", a -> a.vsubps(ymm(1), ymm(12), ymm(13)));
    expect("vmulps ymm9,ymm2,[rdi]", "c56c590f", a -> a.vmulps(ymm(9), ymm(2), at(RDI)));
    expect("vdivps ymm1,ymm2,ymm3", "c5ec5ecb", a -> a.vdivps(ymm(1), ymm(2), ymm(3)));
    expect("vmaxps ymm1,ymm2,ymm3", "c5ec5fcb", a -> a.vmaxps(ymm(1), ymm(2), ymm(3)));
    expect("vminps ymm1,ymm2,ymm3", "c5ec5dcb", a -> a.vminps(ymm(1), ymm(2), ymm(3)));
    expect("vaddss xmm1,xmm2,xmm3", "c5ea58cb", a -> a.vaddss(xmm(1), xmm(2), xmm(3)));
    expect("vcmpps ymm1,ymm2,ymm3,3", "c5ecc2cb03", a -> a.vcmpps(ymm(1), ymm(2), ymm(3), 3));
    expect(
        "vcmpps ymm9,ymm10,[rsi+32],0",
        "c52cc24e2000",
        a -> a.vcmpps(ymm(9), ymm(10), at(RSI, 32), 0));
    expect("vpbroadcastw xmm9,[rsi+2]", "c46279794e02", a -> a.vpbroadcastw(xmm(9), at(RSI, 2)));
    expect("vpbroadcastw ymm1,xmm2", "c4e27d79ca", a -> a.vpbroadcastw(ymm(1), xmm(2)));
    expect(
        "vblendvps ymm1,ymm2,ymm3,ymm4",
        "c4e36d4acb40",
        a -> a.vblendvps(ymm(1), ymm(2), ymm(3), ymm(4)));
    expect(
        "vblendvps ymm9,ymm10,[rdi+32],ymm15",
        "c4632d4a4f20f0",
        a -> a.vblendvps(ymm(9), ymm(10), at(RDI, 32), ymm(15)));
    expect("vmovd xmm13,r10d", "c441796eea", a -> a.vmovd(xmm(13), R10));
    expect("vmovq rax,xmm9", "c461f97ec8", a -> a.vmovq(RAX, xmm(9)));
    expect("vmovss xmm1,xmm9,xmm2", "c5b210ca", a -> a.vmovss(xmm(1), xmm(9), xmm(2)));
    expect("vaddpd ymm1,ymm2,ymm9", "c4c16d58c9", a -> a.vaddpd(ymm(1), ymm(2), ymm(9)));
    expect("vcvtps2pd ymm1,xmm9", "c4c17c5ac9", a -> a.vcvtps2pd(ymm(1), xmm(9)));
    expect(
        "vpinsrw xmm9,xmm9,[rdi+2],1",
        "c531c44f0201",
        a -> a.vpinsrw(xmm(9), xmm(9), at(RDI, 2), 1));
    expect(
        "vpinsrd xmm9,xmm1,[rcx+rax*4],3",
        "c46371220c8103",
        a -> a.vpinsrd(xmm(9), xmm(1), at(RCX, RAX, 4, 0), 3));
    expect("vmovq xmm9,r10", "c441f96eca", a -> a.vmovq(xmm(9), R10));
    expect("vpackuswb xmm1,xmm9,xmm2", "c5b167ca", a -> a.vpackuswb(xmm(1), xmm(9), xmm(2)));
    expect(
        "vinsertf128 ymm9,ymm1,xmm10,1",
        "c4437518ca01",
        a -> a.vinsertf128(ymm(9), ymm(1), xmm(10), 1));
    expect("movzx r10d,byte ptr [r12]", "450fb61424", a -> a.movzxByte(R10, at(R12)));
    expect("vpextrw [rdi+2],xmm9,1", "c46379154f0201", a -> a.vpextrw(at(RDI, 2), xmm(9), 1));
    expect("vmovlps [r10+16],xmm1", "c4c178134a10", a -> a.vmovlps(at(R10, 16), xmm(1)));
    expect("vbroadcastss ymm9,xmm2", "c4627d18ca", a -> a.vbroadcastss(ymm(9), xmm(2)));
    expect(
        "vfmadd213ps ymm9,ymm1,[rbx+32]",
        "c46275a84b20",
        a -> a.vfmadd213ps(ymm(9), ymm(1), at(RBX, 32)));
    expect("vfmsub231ps ymm1,ymm2,ymm3", "c4e26dbacb", a -> a.vfmsub231ps(ymm(1), ymm(2), ymm(3)));
    expect(
        "vfnmadd231ps ymm1,ymm2,ymm3", "c4e26dbccb", a -> a.vfnmadd231ps(ymm(1), ymm(2), ymm(3)));
    expect("vroundps ymm9,ymm10,0", "c4437d08ca00", a -> a.vroundps(ymm(9), ymm(10), 0));
    expect("vcvtps2dq ymm1,ymm9", "c4c17d5bc9", a -> a.vcvtps2dq(ymm(1), ymm(9)));
    expect("vpsubd ymm1,ymm2,ymm3", "c5edfacb", a -> a.vpsubd(ymm(1), ymm(2), ymm(3)));
    expect("vpsrad ymm9,ymm10,1", "c4c13572e201", a -> a.vpsrad(ymm(9), ymm(10), 1));
    expect(
        "vpcmpgtd ymm1,ymm11,[rbx+64]",
        "c5a5664b40",
        a -> a.vpcmpgtd(ymm(1), ymm(11), at(RBX, 64)));
    expect("vptest ymm9,ymm1", "c4627d17c9", a -> a.vptest(ymm(9), ymm(1)));
    expect("vpackusdw ymm1,ymm2,ymm3", "c4e26d2bcb", a -> a.vpackusdw(ymm(1), ymm(2), ymm(3)));
    expect("vpermq ymm1,ymm9,0xd8", "c4c3fd00c9d8", a -> a.vpermq(ymm(1), ymm(9), 0xD8));
    expect("vxorps ymm15,ymm15,ymm15", "c4410457ff", a -> a.vxorps(ymm(15), ymm(15), ymm(15)));
    expect("vpaddd ymm1,ymm2,[r12]", "c4c16dfe0c24", a -> a.vpaddd(ymm(1), ymm(2), at(R12)));
    expect("vpand ymm1,ymm2,ymm3", "c5eddbcb", a -> a.vpand(ymm(1), ymm(2), ymm(3)));
    expect("vpor ymm1,ymm2,ymm3", "c5edebcb", a -> a.vpor(ymm(1), ymm(2), ymm(3)));
    expect("vpslld ymm9,ymm10,16", "c4c13572f210", a -> a.vpslld(ymm(9), ymm(10), 16));
    expect("vpsrld ymm1,ymm2,16", "c5f572d210", a -> a.vpsrld(ymm(1), ymm(2), 16));
    expect("vcvtph2ps ymm1,xmm9", "c4c27d13c9", a -> a.vcvtph2ps(ymm(1), xmm(9)));
    expect("vcvtph2ps ymm1,[rsi+16]", "c4e27d134e10", a -> a.vcvtph2ps(ymm(1), at(RSI, 16)));
    expect("vpmovzxwd ymm1,[rsi+16]", "c4e27d334e10", a -> a.vpmovzxwd(ymm(1), at(RSI, 16)));
    expect("vpmovzxwd ymm9,xmm2", "c4627d33ca", a -> a.vpmovzxwd(ymm(9), xmm(2)));
    expect("vunpcklps ymm1,ymm2,ymm3", "c5ec14cb", a -> a.vunpcklps(ymm(1), ymm(2), ymm(3)));
    expect("vunpckhps ymm9,ymm10,ymm11", "c4412c15cb", a -> a.vunpckhps(ymm(9), ymm(10), ymm(11)));
    expect(
        "vshufps ymm1,ymm2,ymm3,0x44", "c5ecc6cb44", a -> a.vshufps(ymm(1), ymm(2), ymm(3), 0x44));
    expect(
        "vperm2f128 ymm1,ymm2,ymm3,0x31",
        "c4e36d06cb31",
        a -> a.vperm2f128(ymm(1), ymm(2), ymm(3), 0x31));
    expect("vextractf128 xmm1,ymm2,1", "c4e37d19d101", a -> a.vextractf128(xmm(1), ymm(2), 1));
    expect(
        "vextractf128 [rdi+16],ymm9,1",
        "c4637d194f1001",
        a -> a.vextractf128(at(RDI, 16), ymm(9), 1));
  }
}
