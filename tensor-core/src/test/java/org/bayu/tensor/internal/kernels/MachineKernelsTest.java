package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;

/** The kernels with loops in machine code, which is the same for all instructions. */
class MachineKernelsTest extends KernelsSuite {
  MachineKernelsTest() {
    super(find());
  }

  private static Kernels find() {
    var tiers = TestTiers.machine();
    assumeTrue(!tiers.isEmpty(), "there is no machine code for this processor");
    return tiers.getFirst();
  }
}
