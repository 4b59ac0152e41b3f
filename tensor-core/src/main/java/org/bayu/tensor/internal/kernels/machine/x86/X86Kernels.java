package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.List;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineKernels;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Availability;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Processor;
import org.bayu.tensor.internal.kernels.machine.ProductCode;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.jspecify.annotations.Nullable;

/** Makes the {@link MachineKernels} of x86-64 processors with vectors. */
public final class X86Kernels {
  private static final Availability AVAILABILITY = find();

  private X86Kernels() {}

  /** Whether machine code runs in this JVM on this processor; asks once. */
  public static Availability availability() {
    return AVAILABILITY;
  }

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
      if (instructions.isEmpty()) {
        return new Availability.Missing(
            asked == null
                ? "the processor (%s) has neither AVX-512 nor AVX2 with FMA and F16C"
                    .formatted(features.brand())
                : "-Dbayu.instructions=%s names none of avx512_bf16, avx512 and avx2 that the processor has"
                    .formatted(asked),
            asked != null);
      }
      return find(features, instructions.get(), System.getProperty("bayu.tile"));
    } catch (CodeRefusedException e) {
      return new Availability.Missing(String.valueOf(e.getMessage()), true);
    }
  }

  private static Availability find(
      CpuFeatures features, InstructionSet instructions, @Nullable String askedTile)
      throws CodeRefusedException {
    var convention = CallingConvention.ofThisSystem();
    var tile = TileChoice.of(convention, instructions, askedTile);
    if (tile.isEmpty()) {
      var names = instructions.tileForms().stream().map(TileForm::name).toList();
      return new Availability.Missing(
          "-Dbayu.tile=%s names none of the tiles with %s: %s"
              .formatted(askedTile, instructions.title(), String.join(", ", names)),
          true);
    }
    return new Availability.Available(
        assemble(convention, instructions, features, tile.get()),
        instructions.title() + " of " + features.brand());
  }

  private static @Nullable AttentionCode attention(
      CallingConvention convention, InstructionSet instructions, ProductCode bfloat16)
      throws CodeRefusedException {
    return switch (instructions) {
      case AVX512_BF16 ->
          new AttentionCode(
              new AttentionInstructions.Avx512(new Avx512Assembler(), convention), bfloat16);
      case AVX512 -> null;
      case AVX2 ->
          new AttentionCode(
              new AttentionInstructions.Avx2(new Avx2Assembler(), convention), bfloat16);
    };
  }

  private static @Nullable ElementCode elements(
      CallingConvention convention, InstructionSet instructions) throws CodeRefusedException {
    return switch (instructions) {
      case AVX512_BF16 -> {
        var asm = new Avx512Assembler();
        yield new ElementCode(convention, () -> new Avx512Loop(asm));
      }
      case AVX512 -> null;
      case AVX2 -> {
        var asm = new Avx2Assembler();
        yield new ElementCode(convention, () -> new Avx2Loop(asm));
      }
    };
  }

  /**
   * Assembles the code.
   *
   * @param features of the processor, which has the instructions
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  static MachineKernels assemble(
      CallingConvention convention,
      InstructionSet instructions,
      CpuFeatures features,
      TileChoice tile)
      throws CodeRefusedException {
    var hasVbmi =
        instructions != InstructionSet.AVX2 && features.avx512vbmi() && features.avx512dq();
    var f32 = instructions.products(convention, false, tile.form()).assemble();
    var bfloat16 = instructions.products(convention, true, tile.form()).assemble();
    var reading = new ReadCode(convention);
    return new MachineKernels(
        instructions.title(),
        tile::toString,
        f32,
        bfloat16,
        reading::run,
        FloatLoopsCode.assemble(convention),
        new CacheCode(convention),
        new StateCode(convention, hasVbmi),
        attention(convention, instructions, bfloat16),
        elements(convention, instructions));
  }
}
