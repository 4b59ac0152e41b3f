package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Objects;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Availability.Available;
import org.bayu.tensor.internal.kernels.machine.x86.X86Kernels;

/** The suite for machine code with products of bf16, where the processor has them. */
class MachineAttentionTest extends AttentionKernelsSuite {
  MachineAttentionTest() {
    super(find());
  }

  private static AttentionKernels find() {
    var kernels =
        X86Kernels.availability() instanceof Available available
            ? available.kernels().attention()
            : null;
    assumeTrue(
        kernels != null && kernels.weightType() == DType.BF16,
        "no machine code for attention with products of bf16 on this processor");
    return Objects.requireNonNull(kernels);
  }
}
