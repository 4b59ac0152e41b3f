package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K3;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K5;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The bytes are those that GNU as 2.40 gives for the text. */
class Avx512AssemblerGoldenTest {
  private static void expect(String text, String bytes, Consumer<Avx512Assembler> instruction) {
    var assembler = new Avx512Assembler();
    instruction.accept(assembler);
    assertEquals(bytes, HexFormat.of().formatHex(assembler.toByteArray()), text);
  }

  @Test
  void movesAndShufflesHaveTheBytesOfGnuAs() {
    expect("vmovups zmm1,[rsi]", "62f17c48100e", a -> a.vmovups(zmm(1), at(RSI)));
    expect(
        "vmovups zmm31{k1}{z},[rsi+rax*4+64]",
        "62617cc9107c8601",
        a -> a.vmovups(zmm(31).zeroed(K1), at(RSI, RAX, 4, 64)));
    expect("vmovups [rdi]{k5},zmm31", "62617c4d113f", a -> a.vmovups(at(RDI).masked(K5), zmm(31)));
    expect(
        "vmovups [r13+r12*1-64],zmm16",
        "62817c48114425ff",
        a -> a.vmovups(at(R13, R12, 1, -64), zmm(16)));
    expect("vmovups [rsp+0x100],ymm16", "62e17c2811442408", a -> a.vmovups(at(RSP, 256), ymm(16)));
    expect(
        "vmovdqu16 zmm4{k1}{z},[rsi+128]",
        "62f1ffc96f6602",
        a -> a.vmovdqu16(zmm(4).zeroed(K1), at(RSI, 128)));
    expect(
        "vmovdqu16 [rsi+2]{k1},zmm4",
        "62f1ff497fa602000000",
        a -> a.vmovdqu16(at(RSI, 2).masked(K1), zmm(4)));
    expect("vmovdqu32 zmm17,[rsi+128]", "62e17e486f4e02", a -> a.vmovdqu32(zmm(17), at(RSI, 128)));
    expect(
        "vmovdqu32 [rsi]{k2},zmm4", "62f17e4a7f26", a -> a.vmovdqu32(at(RSI).masked(K2), zmm(4)));
    expect("vmovaps zmm17,zmm3", "62e17c4828cb", a -> a.vmovaps(zmm(17), zmm(3)));
    expect("vmovntps [rdi+64],zmm25", "62617c482b4f01", a -> a.vmovntps(at(RDI, 64), zmm(25)));
    expect("vmovss xmm17,[rdi+4]", "62e17e08104f01", a -> a.vmovss(xmm(17), at(RDI, 4)));
    expect("vmovq r9,xmm17", "62c1fd087ec9", a -> a.vmovq(R9, xmm(17)));
    expect("vmovss [rdi+508],xmm30", "62617e0811777f", a -> a.vmovss(at(RDI, 508), xmm(30)));
    expect("vbroadcastss zmm0,[rdi+4]", "62f27d48184701", a -> a.vbroadcastss(zmm(0), at(RDI, 4)));
    expect("vbroadcastss zmm30,xmm29", "62027d4818f5", a -> a.vbroadcastss(zmm(30), xmm(29)));
    expect(
        "vpbroadcastd zmm1,[r12+508]",
        "62d27d48584c247f",
        a -> a.vpbroadcastd(zmm(1), at(R12, 508)));
    expect("vpbroadcastd zmm1,xmm17", "62b27d4858c9", a -> a.vpbroadcastd(zmm(1), xmm(17)));
    expect("vpbroadcastd zmm17,r9d", "62c27d487cc9", a -> a.vpbroadcastd(zmm(17), R9));
    expect(
        "vpunpckldq zmm1,zmm2,zmm19", "62b16d4862cb", a -> a.vpunpckldq(zmm(1), zmm(2), zmm(19)));
    expect(
        "vpunpckhdq zmm1,zmm2,[rax]{1to16}",
        "62f16d586a08",
        a -> a.vpunpckhdq(zmm(1), zmm(2), at(RAX).broadcasted()));
    expect(
        "vpunpcklqdq zmm1,zmm2,[rax+8]{1to8}",
        "62f1ed586c4801",
        a -> a.vpunpcklqdq(zmm(1), zmm(2), at(RAX, 8).broadcasted()));
    expect(
        "vpunpckhqdq zmm1,zmm18,zmm3", "62f1ed406dcb", a -> a.vpunpckhqdq(zmm(1), zmm(18), zmm(3)));
    expect("vpbroadcastq zmm17,r9", "62c2fd487cc9", a -> a.vpbroadcastq(zmm(17), R9));
    expect(
        "vpunpcklbw zmm1,zmm18,[rax+64]",
        "62f16d40604801",
        a -> a.vpunpcklbw(zmm(1), zmm(18), at(RAX, 64)));
    expect(
        "vpunpckhbw zmm1,zmm18,zmm3", "62f16d4068cb", a -> a.vpunpckhbw(zmm(1), zmm(18), zmm(3)));
    expect(
        "vpackusdw zmm1,zmm2,[rax+4]{1to16}",
        "62f26d582b4801",
        a -> a.vpackusdw(zmm(1), zmm(2), at(RAX, 4).broadcasted()));
    expect("vpackuswb zmm17,zmm2,zmm3", "62e16d4867cb", a -> a.vpackuswb(zmm(17), zmm(2), zmm(3)));
    expect(
        "vpermi2b zmm1{k1},zmm18,[rbx+64]",
        "62f26d41754b01",
        a -> a.vpermi2b(zmm(1).masked(K1), zmm(18), at(RBX, 64)));
    expect(
        "vpunpcklwd zmm1,zmm18,[rax+64]",
        "62f16d40614801",
        a -> a.vpunpcklwd(zmm(1), zmm(18), at(RAX, 64)));
    expect(
        "vpunpckhwd zmm1,zmm18,zmm3", "62f16d4069cb", a -> a.vpunpckhwd(zmm(1), zmm(18), zmm(3)));
    expect(
        "vshufps zmm1,zmm17,zmm3,0x88",
        "62f17440c6cb88",
        a -> a.vshufps(zmm(1), zmm(17), zmm(3), 0x88));
    expect("vpermilps zmm1,zmm17,0xb1", "62b37d4804c9b1", a -> a.vpermilps(zmm(1), zmm(17), 0xb1));
    expect(
        "vshufi32x4 zmm1,zmm2,zmm3,0xdd",
        "62f36d4843cbdd",
        a -> a.vshufi32x4(zmm(1), zmm(2), zmm(3), 0xdd));
    expect(
        "vshuff32x4 zmm17,zmm2,[rbx+64],0x88",
        "62e36d48234b0188",
        a -> a.vshuff32x4(zmm(17), zmm(2), at(RBX, 64), 0x88));
    expect("vpermw zmm1,zmm2,zmm3", "62f2ed488dcb", a -> a.vpermw(zmm(1), zmm(2), zmm(3)));
    expect(
        "vpermd zmm1,zmm17,[rbx+4]{1to16}",
        "62f27550364b01",
        a -> a.vpermd(zmm(1), zmm(17), at(RBX, 4).broadcasted()));
    expect(
        "vpermt2w zmm1,zmm2,[rbx+64]",
        "62f2ed487d4b01",
        a -> a.vpermt2w(zmm(1), zmm(2), at(RBX, 64)));
    expect("vpermt2d zmm1,zmm18,zmm3", "62f26d407ecb", a -> a.vpermt2d(zmm(1), zmm(18), zmm(3)));
    expect(
        "vinserti64x4 zmm1,zmm2,ymm19,1",
        "62b3ed483acb01",
        a -> a.vinserti64x4(zmm(1), zmm(2), ymm(19), 1));
    expect(
        "vinserti64x4 zmm1,zmm2,[rax+32],1",
        "62f3ed483a480101",
        a -> a.vinserti64x4(zmm(1), zmm(2), at(RAX, 32), 1));
    expect(
        "vextractf32x4 xmm1,zmm17,3", "62e37d4819c903", a -> a.vextractf32x4(xmm(1), zmm(17), 3));
    expect(
        "vextractf32x4 xmm1,ymm17,1", "62e37d2819c901", a -> a.vextractf32x4(xmm(1), ymm(17), 1));
    expect(
        "vextracti32x4 [rdi+16],zmm1,2",
        "62f37d48394f0102",
        a -> a.vextracti32x4(at(RDI, 16), zmm(1), 2));
    expect("vextractf64x4 ymm1,zmm2,1", "62f3fd481bd101", a -> a.vextractf64x4(ymm(1), zmm(2), 1));
    expect(
        "vextractf64x4 [rdi+32]{k1},zmm2,1",
        "62f3fd491b570101",
        a -> a.vextractf64x4(at(RDI, 32).masked(K1), zmm(2), 1));
    expect(
        "vextracti64x4 ymm31,zmm2,1", "6293fd483bd701", a -> a.vextracti64x4(ymm(31), zmm(2), 1));
    expect("kmovw k1,eax", "c5f892c8", a -> a.kmovw(K1, RAX));
    expect("kmovd k2,r9d", "c4c17b92d1", a -> a.kmovd(K2, R9));
    expect("kmovq k3,r10", "c4c1fb92da", a -> a.kmovq(K3, R10));
    expect("knotq k1,k2", "c4e1f844ca", a -> a.knotq(K1, K2));
    expect("kunpckwd k1,k2,k3", "c5ec4bcb", a -> a.kunpckwd(K1, K2, K3));
    expect("kunpckdq k1,k2,k3", "c4e1ec4bcb", a -> a.kunpckdq(K1, K2, K3));
    expect("vpmovb2m k5,zmm17", "62b27e4829e9", a -> a.vpmovb2m(K5, zmm(17)));
    expect("kxnorw k1,k2,k3", "c5ec46cb", a -> a.kxnorw(K1, K2, K3));
    expect("kortestw k1,k2", "c5f898ca", a -> a.kortestw(K1, K2));
    expect("kshiftrw k1,k2,8", "c4e3f930ca08", a -> a.kshiftrw(K1, K2, 8));
  }
}
