package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.AttentionKernels;

/** Some rows of one head as products take them on their left: where they lie, or a copy. */
final class LeftRows {
  private final AttentionKernels kernels;
  private final int headDim;
  private MemorySegment copy = MemorySegment.NULL;
  private MemorySegment memory = MemorySegment.NULL;
  private long at;
  private long stride;

  /** No rows yet. */
  LeftRows(AttentionKernels kernels, int headDim) {
    this.kernels = kernels;
    this.headDim = headDim;
  }

  /** Gives memory of {@link AttentionKernels#leftBytes} for copies. */
  void begin(MemorySegment copy) {
    this.copy = copy;
  }

  /** Takes the rows of bf16 from byte {@code at} of {@code x} on, {@code stride} bytes apart. */
  LeftRows of(MemorySegment x, long at, long stride, int rows) {
    if (kernels.leftBytes(rows, headDim) == 0) {
      memory = x;
      this.at = at;
      this.stride = stride;
    } else {
      kernels.toLeft(x, at, stride, rows, headDim, copy, 0);
      memory = copy;
      this.at = 0;
      this.stride = kernels.leftStride(headDim);
    }
    return this;
  }

  /** Computes their scores as {@link AttentionKernels#multiplyRows}. */
  void multiply(
      int rows,
      MemorySegment packed,
      long packedAt,
      int packedRows,
      int columns,
      MemorySegment scores,
      long scoresAt) {
    kernels.multiplyRows(
        rows, memory, at, stride, headDim, packed, packedAt, packedRows, columns, scores, scoresAt);
  }
}
