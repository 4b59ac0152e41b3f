package org.bayu.tensor.internal.kernels.machine.x86;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;

/** How what {@link AttentionCode} does between products is made for some kind of processor. */
interface AttentionInstructions {
  /** Where the functions are appended. */
  Assembler assembler();

  /** Appends a {@link SoftmaxCode} for rows of so many times 32 scores. */
  void emitSoftmax(int pairs);

  /** Appends a {@link SoftmaxGradientCode}. */
  void emitSoftmaxGradient();

  /** Appends a {@link RowCode}. */
  void emitStore();

  /** With AVX-512 BF16. */
  record Avx512(Avx512Assembler assembler, CallingConvention convention)
      implements AttentionInstructions {
    @Override
    public void emitSoftmax(int pairs) {
      SoftmaxCode.emit(assembler, convention, pairs);
    }

    @Override
    public void emitSoftmaxGradient() {
      SoftmaxGradientCode.emit(assembler, convention);
    }

    @Override
    public void emitStore() {
      RowCode.emit(assembler, convention);
    }
  }

  /** With AVX2 and FMA. */
  record Avx2(Avx2Assembler assembler, CallingConvention convention)
      implements AttentionInstructions {
    @Override
    public void emitSoftmax(int pairs) {
      Avx2SoftmaxCode.emit(assembler, convention, 4 * pairs);
    }

    @Override
    public void emitSoftmaxGradient() {
      Avx2SoftmaxGradientCode.emit(assembler, convention);
    }

    @Override
    public void emitStore() {
      Avx2RowCode.emit(assembler, convention);
    }
  }
}
