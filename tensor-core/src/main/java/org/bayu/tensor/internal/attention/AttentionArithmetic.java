package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;

/** How the tiles of one call are computed: in binary32, or on kernels for bf16. */
sealed interface AttentionArithmetic permits BFloat16Attention, F32Attention {
  /** Computes y [T, H·headDim] and logSumExp [H, T], F32. */
  void forward(Tensor y, Tensor logSumExp);

  /**
   * Brings the gradients to where they are wanted.
   *
   * @param terms for each head and row −logSumExp and −delta, two floats from {@link
   *     AttentionCall#termAt} on
   */
  void backward(Tensor dy, MemorySegment terms, HeadGradient dq, HeadGradient dk, HeadGradient dv);

  /** Whether {@link #backward} stores dq before dk and dv, or after both. */
  boolean storesQueriesFirst();
}
