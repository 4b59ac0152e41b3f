package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;

class Avx512ExponentialTest extends ExponentialSuite {
  @Override
  byte[] function(double base) throws CodeRefusedException {
    var features = CpuFeatures.ofThisMachine();
    assumeTrue(features.isPresent() && features.get().avx512f(), "no AVX-512 here");
    var asm = new Avx512Assembler();
    var exponential = new ExponentialCode(asm);
    var constants = new Label();
    var frame = new Frame(asm, CallingConvention.ofThisSystem(), 2, 0);
    frame.prologue();
    exponential.loadNaturalConstants(constants, RAX);
    var next = asm.here();
    asm.vmovups(zmm(1), at(RDI));
    if (base == 2) {
      exponential.power(zmm(0), zmm(1), zmm(2));
    } else {
      exponential.exp(zmm(0), zmm(1), zmm(2));
    }
    asm.vmovups(at(RDI), zmm(0));
    asm.add(RDI, 64);
    asm.dec(RSI);
    asm.jnz(next);
    frame.epilogue();
    exponential.emitConstants(constants);
    return asm.toByteArray();
  }

  @Override
  int lanes() {
    return 16;
  }

  @Override
  boolean roundsTheEnds() {
    return false;
  }
}
