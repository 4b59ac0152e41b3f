package org.bayu.tensor.internal.kernels.machine.x86;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.junit.jupiter.api.Test;

class InstructionSetTest {
  /** A processor with AVX2 and FMA, and these. */
  private static CpuFeatures features(
      boolean f16c, boolean f, boolean bw, boolean vl, boolean bf16) {
    return new CpuFeatures("", "", true, true, f16c, f, bw, f, vl, f, bf16);
  }

  private static List<InstructionSet> of(CpuFeatures features) {
    return Stream.of(InstructionSet.values()).filter(set -> set.isIn(features)).toList();
  }

  @Test
  void theFastestComesFirst() {
    assertEquals(
        List.of(InstructionSet.AVX512_BF16, InstructionSet.AVX512, InstructionSet.AVX2),
        of(features(true, true, true, true, true)));
    assertEquals(
        List.of(InstructionSet.AVX512, InstructionSet.AVX2),
        of(features(true, true, true, true, false)));
    assertEquals(List.of(InstructionSet.AVX2), of(features(true, false, false, false, false)));
  }

  @Test
  void theOneThatIsAskedForIsTakenIfTheProcessorHasIt() {
    var all = features(true, true, true, true, true);
    assertEquals(Optional.of(InstructionSet.AVX512_BF16), InstructionSet.of(all, null));
    assertEquals(Optional.of(InstructionSet.AVX2), InstructionSet.of(all, "avx2"));
    assertEquals(Optional.of(InstructionSet.AVX512), InstructionSet.of(all, "AVX512"));
    assertEquals(Optional.empty(), InstructionSet.of(all, "sse"));
    var avx2 = features(true, false, false, false, false);
    assertEquals(Optional.empty(), InstructionSet.of(avx2, "avx512"));
  }

  @Test
  void anAvx512ProcessorWithoutBwOrVlRunsTheCodeForAvx2() {
    assertEquals(List.of(InstructionSet.AVX2), of(features(true, true, false, false, false)));
    assertEquals(List.of(InstructionSet.AVX2), of(features(true, true, true, false, true)));
    assertEquals(List.of(InstructionSet.AVX2), of(features(true, true, false, true, true)));
  }

  @Test
  void withoutF16cThereIsNoCode() {
    assertEquals(List.of(), of(features(false, false, false, false, false)));
  }

  @Test
  void pairsOfBFloat16NeedTheirInstructions() {
    var convention = CallingConvention.SYSTEM_V;
    assertThrows(
        IllegalArgumentException.class,
        () -> new Avx2Instructions(new Avx2Assembler(), convention, Step.BFLOAT16_PAIR));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new Avx512Instructions(
                new Avx512Assembler(),
                convention,
                Step.BFLOAT16_PAIR,
                false,
                TileForm.AVX512.getFirst()));
  }
}
