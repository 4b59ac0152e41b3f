package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Objects;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Availability.Available;
import org.bayu.tensor.internal.kernels.machine.x86.X86Kernels;

/** The suite for machine code, where the processor has it. */
class MachineAttentionTest extends AttentionKernelsSuite {
  MachineAttentionTest() {
    super(find());
  }

  private static AttentionKernels find() {
    var kernels =
        X86Kernels.availability() instanceof Available available
            ? available.kernels().attention()
            : null;
    assumeTrue(kernels != null, "no machine code for attention in bf16 on this processor");
    return Objects.requireNonNull(kernels);
  }
}
