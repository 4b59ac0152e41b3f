package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
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

  /**
   * Those in machine code: of the best instructions with each form of tile, of the others with one.
   * None where there is no machine code.
   */
  public static List<Kernels> machine() {
    var kernels = new ArrayList<Kernels>();
    for (var instructions : instructions()) {
      var forms = instructions.tileForms();
      kernels.addAll(withTiles(instructions, kernels.isEmpty() ? forms : forms.subList(0, 1)));
    }
    return kernels;
  }

  /** Those of each kind of instructions that the processor has, with each form of tile. */
  static List<List<Kernels>> machineByInstructions() {
    return instructions().stream().map(each -> withTiles(each, each.tileForms())).toList();
  }

  /** Whether code with these instructions runs here. */
  static boolean has(InstructionSet instructions) {
    return instructions().contains(instructions);
  }

  private static List<InstructionSet> instructions() {
    if (!(X86Kernels.availability() instanceof MachineKernels.Availability.Available)) {
      return List.of();
    }
    var features = features();
    return Stream.of(InstructionSet.values()).filter(each -> each.isIn(features)).toList();
  }

  private static CpuFeatures features() {
    try {
      return CpuFeatures.ofThisMachine().orElseThrow();
    } catch (CodeRefusedException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Kernels> withTiles(InstructionSet instructions, List<TileForm> forms) {
    var kernels = new ArrayList<Kernels>();
    for (var form : forms) {
      try {
        kernels.add(
            X86Kernels.assemble(
                CallingConvention.ofThisSystem(),
                instructions,
                features(),
                new TileChoice(form, () -> "a test")));
      } catch (CodeRefusedException e) {
        throw new AssertionError(e);
      }
    }
    return kernels;
  }
}
