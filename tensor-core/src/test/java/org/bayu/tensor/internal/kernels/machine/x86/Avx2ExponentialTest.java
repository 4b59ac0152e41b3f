package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;

class Avx2ExponentialTest extends ExponentialSuite {
  @Override
  byte[] function(double base) throws CodeRefusedException {
    var features = CpuFeatures.ofThisMachine();
    assumeTrue(features.isPresent() && InstructionSet.AVX2.isIn(features.get()), "no AVX2 here");
    var asm = new Avx2Assembler();
    var exponential = new Avx2ExponentialCode(asm, RAX, new Label());
    var frame = new Frame(asm, CallingConvention.ofThisSystem(), 2, 0);
    frame.prologue();
    exponential.begin();
    var next = asm.here();
    asm.vmovups(ymm(1), at(RDI));
    if (base == 2) {
      exponential.power(ymm(0), ymm(1), ymm(2));
    } else {
      exponential.exp(ymm(0), ymm(1), ymm(2));
    }
    asm.vmovups(at(RDI), ymm(0));
    asm.add(RDI, 32);
    asm.dec(RSI);
    asm.jnz(next);
    frame.epilogue();
    exponential.emitConstants();
    return asm.toByteArray();
  }

  @Override
  int lanes() {
    return 8;
  }

  @Override
  boolean roundsTheEnds() {
    return true;
  }
}
