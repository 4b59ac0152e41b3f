package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.gemm.MatrixProduct;
import org.bayu.tensor.internal.kernels.gemm.ProductKernels;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * The kernels of x86-64 processors with vectors: matrix products in machine code, and attention and
 * loops over bf16 where there are instructions for BF16; the rest on the Vector API.
 */
public final class MachineKernels extends VectorKernels implements ProductKernels {
  private static final Availability AVAILABILITY = find();

  private final InstructionSet instructions;
  private final ProductCode f32;
  private final ProductCode bfloat16;
  private final ReadCode reading;
  private final @Nullable AttentionKernels attention;
  private final @Nullable BFloat16Kernels elements;

  /**
   * Assembles the code.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  MachineKernels(CallingConvention convention, InstructionSet instructions)
      throws CodeRefusedException {
    this.instructions = instructions;
    f32 = instructions.products(convention, false);
    bfloat16 = instructions.products(convention, true);
    reading = new ReadCode(convention);
    var convertsBFloat16 = instructions == InstructionSet.AVX512_BF16;
    attention = convertsBFloat16 ? new AttentionCode(convention, bfloat16) : null;
    elements = convertsBFloat16 ? new ElementCode(convention) : null;
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
      var asked = System.getProperty("bayu.instructions");
      var instructions = InstructionSet.of(features, asked);
      if (instructions.isPresent()) {
        return new Availability.Available(
            new MachineKernels(CallingConvention.ofThisSystem(), instructions.get()),
            instructions.get().title() + " of " + features.brand());
      }
      return new Availability.Missing(
          asked == null
              ? "the processor (%s) has neither AVX-512 nor AVX2 with FMA and F16C"
                  .formatted(features.brand())
              : "-Dbayu.instructions=%s names none of avx512_bf16, avx512 and avx2 that the processor has"
                  .formatted(asked),
          asked != null);
    } catch (CodeRefusedException e) {
      return new Availability.Missing(String.valueOf(e.getMessage()), true);
    }
  }

  /** F32 products. */
  ProductCode f32() {
    return f32;
  }

  /** BF16 products. */
  ProductCode bfloat16() {
    return bfloat16;
  }

  @Override
  public String tier() {
    return "machine";
  }

  @Override
  public String instructions() {
    return instructions.title() + ", " + super.instructions();
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
  public @Nullable AttentionKernels attention() {
    return attention;
  }

  @Override
  public @Nullable BFloat16Kernels bfloat16Loops() {
    return elements;
  }

  @Override
  public MatrixProduct matrixProduct(WorkerPool workers) {
    return new PanelProduct(this, f32, bfloat16, workers);
  }

  @Override
  public int tileRows() {
    return f32.instructions().tileRows();
  }

  @Override
  public int tileColumns() {
    return f32.instructions().tileColumns();
  }

  @Override
  public void gemmTile(
      int k,
      MemorySegment a,
      long aAt,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      long cStride,
      boolean accumulate) {
    f32.multiply(
        tileRows(),
        tileColumns(),
        k,
        true,
        a.address() + aAt,
        4L * tileRows(),
        b.address() + bAt,
        c.address() + cAt,
        4 * cStride,
        accumulate,
        0,
        0);
  }

  @Override
  public String toString() {
    return instructions.title();
  }
}
