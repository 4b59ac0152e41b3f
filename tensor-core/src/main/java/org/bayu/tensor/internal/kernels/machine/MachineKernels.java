package org.bayu.tensor.internal.kernels.machine;

import org.bayu.tensor.internal.kernels.MatrixProduct;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * The kernels of processors with AVX-512 BF16: matrix products in machine code, the rest on the
 * Vector API.
 */
public final class MachineKernels extends VectorKernels {
  private static final Availability AVAILABILITY = find();

  private final ProductCode f32;
  private final ProductCode bfloat16;

  private MachineKernels(CallingConvention convention) throws CodeRefusedException {
    f32 = new ProductCode(convention, false);
    bfloat16 = new ProductCode(convention, true);
  }

  /** Kernels, or why there are none, in a few words for people. */
  public sealed interface Availability {
    /** They run here. */
    record Available(MachineKernels kernels, String processor) implements Availability {}

    /**
     * They do not.
     *
     * @param isRefused whether the processor could, but this JVM or the system does not let it
     */
    record Missing(String reason, boolean isRefused) implements Availability {}
  }

  /** Whether machine code runs in this JVM on this processor; asks once. */
  public static Availability availability() {
    return AVAILABILITY;
  }

  private static Availability find() {
    try {
      var features = CpuFeatures.ofThisMachine();
      if (features.isEmpty()) {
        return new Availability.Missing("there is machine code for x86-64 alone", false);
      }
      if (!features.get().avx512bf16() || !features.get().avx512bw()) {
        return new Availability.Missing(
            "the processor (" + features.get().brand() + ") has no AVX-512 BF16", false);
      }
      return new Availability.Available(
          new MachineKernels(CallingConvention.ofThisSystem()), features.get().brand());
    } catch (CodeRefusedException e) {
      return new Availability.Missing(String.valueOf(e.getMessage()), true);
    }
  }

  @Override
  public String tier() {
    return "machine";
  }

  @Override
  public MatrixProduct matrixProduct(WorkerPool workers) {
    return new PanelProduct(this, f32, bfloat16, workers);
  }
}
