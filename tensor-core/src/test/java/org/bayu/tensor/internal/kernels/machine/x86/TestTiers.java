package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineKernels;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;

/** The kernels that run on this processor, not only those that are chosen. */
public final class TestTiers {
  private TestTiers() {}

  /** All kernels that run on this processor. */
  public static List<Kernels> all() {
    var kernels = new ArrayList<>(machine());
    kernels.add(ScalarKernels.INSTANCE);
    kernels.add(VectorKernels.INSTANCE);
    return kernels;
  }

  /** The machine code of AVX2, where the processor has it. */
  public static Optional<Kernels> avx2() {
    return machine().stream()
        .filter(kernels -> kernels.toString().equals(InstructionSet.AVX2.title()))
        .findFirst();
  }

  /** None where there is no machine code. */
  public static List<Kernels> machine() {
    var kernels = new ArrayList<Kernels>();
    if (X86Kernels.availability() instanceof MachineKernels.Availability.Available) {
      try {
        var features = CpuFeatures.ofThisMachine().orElseThrow();
        var convention = CallingConvention.ofThisSystem();
        for (var instructions : InstructionSet.values()) {
          if (instructions.isIn(features)) {
            kernels.add(X86Kernels.assemble(convention, instructions));
          }
        }
      } catch (CodeRefusedException e) {
        throw new AssertionError(e);
      }
    }
    return kernels;
  }
}
