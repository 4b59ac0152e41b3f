package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.MatrixProduct;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * The kernels of processors with AVX-512 BF16: matrix products and attention in machine code, the
 * rest on the Vector API.
 */
public final class MachineKernels extends MachineTileKernels {
  private static final Availability AVAILABILITY = find();

  private final ProductCode f32;
  private final ProductCode bfloat16;
  private final AttentionCode attention;
  private final ReadCode reading;

  private MachineKernels(CallingConvention convention) throws CodeRefusedException {
    super(convention, true);
    f32 = new ProductCode(convention, false);
    bfloat16 = new ProductCode(convention, true);
    attention = new AttentionCode(convention, bfloat16);
    reading = new ReadCode(convention);
  }

  /** Kernels, or why there are none, in a few words for people. */
  public sealed interface Availability {
    /**
     * They run here.
     *
     * @param processor what of it they use
     */
    record Available(Kernels kernels, String processor) implements Availability {}

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

  /** This machine's processor. */
  public record Processor(String name, List<String> features) {}

  /** What can be known of this machine's processor; its architecture alone, if no more. */
  public static Processor processor() {
    try {
      var features = CpuFeatures.ofThisMachine();
      if (features.isPresent()) {
        return new Processor(features.get().brand(), features.get().names());
      }
    } catch (CodeRefusedException e) {
      // Without machine code it cannot be asked.
    }
    return new Processor(System.getProperty("os.arch"), List.of());
  }

  private static Availability find() {
    try {
      var found = CpuFeatures.ofThisMachine();
      if (found.isEmpty()) {
        return new Availability.Missing("there is machine code for x86-64 alone", false);
      }
      var features = found.get();
      var convention = CallingConvention.ofThisSystem();
      if (features.avx512bf16() && features.avx512bw() && features.avx512vl()) {
        return new Availability.Available(
            new MachineKernels(convention), "AVX-512 BF16 of " + features.brand());
      }
      if (features.avx512f() || (features.avx2() && features.fma())) {
        return new Availability.Available(
            new MachineTileKernels(convention, features.avx512f()),
            (features.avx512f() ? "AVX-512 of " : "AVX2 of ") + features.brand());
      }
      return new Availability.Missing(
          "the processor (" + features.brand() + ") has neither AVX-512 nor AVX2 with FMA", false);
    } catch (CodeRefusedException e) {
      return new Availability.Missing(String.valueOf(e.getMessage()), true);
    }
  }

  @Override
  public double multiplyAddPeak(DType operands, int steps) {
    return (operands == DType.BF16 ? bfloat16 : f32).runPeak(steps);
  }

  @Override
  public void read(MemorySegment memory, long at, long bytes) {
    reading.run(memory, at, bytes);
  }

  @Override
  public AttentionKernels attention() {
    return attention;
  }

  @Override
  public MatrixProduct matrixProduct(WorkerPool workers) {
    return new PanelProduct(this, f32, bfloat16, workers);
  }
}
