package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K0;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What has no encoding is refused when it is assembled, not encoded as something else. */
class RefusedOperandsTest {
  private final Avx512Assembler avx512 = new Avx512Assembler();
  private final Avx2Assembler avx2 = new Avx2Assembler();

  private static void refused(Executable instruction) {
    assertThrows(IllegalArgumentException.class, instruction);
  }

  @Test
  void widthsThatDoNotFitAreRefused() {
    refused(() -> avx512.vaddps(zmm(0), ymm(1), zmm(2)));
    refused(() -> avx512.vaddps(zmm(0), zmm(1), ymm(2)));
    refused(() -> avx512.vmovups(zmm(0), ymm(1)));
    refused(() -> avx512.vcvtph2ps(zmm(0), zmm(1)));
    refused(() -> avx512.vcvtneps2bf16(zmm(0), zmm(1)));
    refused(() -> avx512.vcvtneps2bf16(zmm(0), at(RAX)));
    refused(() -> avx512.vpmovdw(zmm(0), zmm(1)));
    refused(() -> avx512.vinserti64x4(zmm(0), zmm(1), zmm(2), 1));
    refused(() -> avx512.vextractf64x4(xmm(0), zmm(1), 1));
    refused(() -> avx512.vaddss(zmm(0), zmm(1), zmm(2)));
    refused(() -> avx512.vbroadcastss(zmm(0), zmm(1)));
    refused(() -> avx512.vmovss(zmm(0), at(RAX)));
    refused(() -> avx2.vaddps(ymm(0), xmm(1), ymm(2)));
    refused(() -> avx2.vextractf128(ymm(0), ymm(1), 1));
    refused(() -> avx2.vpbroadcastw(ymm(0), ymm(1)));
    refused(() -> avx2.vblendvps(ymm(0), ymm(1), ymm(2), xmm(3)));
  }

  @Test
  void whatOnlyEvexEncodesIsRefusedByVex() {
    refused(() -> avx2.vaddps(zmm(0), zmm(1), zmm(2)));
    refused(() -> avx2.vaddps(ymm(16), ymm(1), ymm(2)));
    refused(() -> avx2.vaddps(ymm(0), ymm(16), ymm(2)));
    refused(() -> avx2.vaddps(ymm(0), ymm(1), ymm(16)));
    refused(() -> avx2.vpslld(ymm(0), ymm(16), 1));
    refused(() -> avx2.vpslld(ymm(16), ymm(0), 1));
    refused(() -> avx2.vblendvps(ymm(0), ymm(1), ymm(2), ymm(16)));
    refused(() -> avx2.vmovups(at(RAX), ymm(16)));
    refused(() -> avx2.vaddps(ymm(0).masked(K1), ymm(1), ymm(2)));
    refused(() -> avx2.vmovups(at(RAX).masked(K1), ymm(1)));
    refused(() -> avx2.vaddps(ymm(0), ymm(1), at(RAX).broadcasted()));
    refused(() -> avx2.movups(xmm(16), at(RAX)));
    refused(() -> avx2.movups(ymm(1), at(RAX)));
  }

  @Test
  void masksOfSourcesAreRefused() {
    refused(() -> avx512.vaddps(zmm(0), zmm(1).masked(K1), zmm(2)));
    refused(() -> avx512.vaddps(zmm(0), zmm(1), zmm(2).masked(K1)));
    refused(() -> avx512.vmovups(zmm(0), at(RAX).masked(K1)));
    refused(() -> avx512.vmovups(at(RAX), zmm(0).masked(K1)));
    refused(() -> avx512.vpslld(zmm(0), zmm(1).masked(K1), 1));
    refused(() -> avx512.vcmpps(K1, zmm(0).masked(K1), zmm(1), 0));
    refused(() -> avx512.vmovntps(at(RAX).masked(K1), zmm(0)));
    refused(() -> zmm(0).zeroed(K0));
  }

  @Test
  void broadcastsThatTheInstructionDoesNotHaveAreRefused() {
    refused(() -> avx512.vmovups(zmm(0), at(RAX).broadcasted()));
    refused(() -> avx512.vmovups(at(RAX).broadcasted(), zmm(0)));
    refused(() -> avx512.vpermw(zmm(0), zmm(1), at(RAX).broadcasted()));
    refused(() -> avx512.vbroadcastss(zmm(0), at(RAX).broadcasted()));
    refused(() -> avx512.vpmovzxwd(zmm(0), at(RAX).broadcasted()));
    refused(() -> avx512.mov(RAX, at(RCX).broadcasted()));
    refused(() -> avx512.mov(at(RCX).masked(K1), RAX));
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    refused(() -> zmm(32));
    refused(() -> xmm(-1));
    refused(() -> at(RAX, RSP, 1, 0));
    refused(() -> at(RAX, RCX, 3, 0));
    refused(() -> avx512.shl(RAX, 64));
    refused(() -> avx512.vpslld(zmm(0), zmm(1), 256));
    refused(() -> avx512.vshufps(zmm(0), zmm(1), zmm(2), -1));
  }

  @Test
  void labelsAreBoundOnce() {
    var label = new Label();
    avx2.jmp(label);
    assertThrows(IllegalStateException.class, avx2::toByteArray);
    avx2.bind(label);
    assertThrows(IllegalStateException.class, () -> avx2.bind(label));
  }
}
