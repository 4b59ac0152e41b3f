package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.jspecify.annotations.Nullable;

/** The kinds of processors that there is machine code for, the fastest first. */
enum InstructionSet {
  /** Products of BF16 by an instruction of their own. */
  AVX512_BF16("AVX-512 BF16"),

  /** Products in F32. */
  AVX512("AVX-512"),

  /** Products in F32, with vectors half as long. */
  AVX2("AVX2");

  private final String title;

  InstructionSet(String title) {
    this.title = title;
  }

  /** Its name for people. */
  String title() {
    return title;
  }

  /**
   * Whether a processor has what its code uses. Of AVX-512 that is F, BW (words, masks of 32 bits)
   * and VL (lanes' sums in shorter vectors), which all processors with AVX-512 have but Xeon Phi.
   */
  boolean isIn(CpuFeatures features) {
    var avx512 = features.avx512f() && features.avx512bw() && features.avx512vl();
    return switch (this) {
      case AVX512_BF16 -> avx512 && features.avx512bf16();
      case AVX512 -> avx512;
      case AVX2 -> features.avx2() && features.fma() && features.f16c();
    };
  }

  /**
   * The fastest that a processor has, or the one that is asked for if it has that.
   *
   * @param asked a name here, in letters of either case; null for the fastest
   */
  static Optional<InstructionSet> of(CpuFeatures features, @Nullable String asked) {
    return Arrays.stream(values())
        .filter(set -> set.isIn(features))
        .filter(set -> asked == null || set.name().equalsIgnoreCase(asked))
        .findFirst();
  }

  /** The forms of tile that it has, at least one. */
  List<TileForm> tileForms() {
    return this == AVX2 ? TileForm.AVX2 : TileForm.AVX512;
  }

  /** What makes products of these operands, by tiles of one of {@link #tileForms}. */
  ProductInstructions products(CallingConvention convention, boolean bfloat16, TileForm form) {
    var forBfloat16 = this == AVX512_BF16 ? Step.BFLOAT16_PAIR : Step.BFLOAT16_AS_F32;
    var step = bfloat16 ? forBfloat16 : Step.F32;
    return switch (this) {
      case AVX512_BF16, AVX512 ->
          new Avx512Instructions(
              new Avx512Assembler(), convention, step, this == AVX512_BF16, form);
      case AVX2 -> new Avx2Instructions(new Avx2Assembler(), convention, step);
    };
  }
}
