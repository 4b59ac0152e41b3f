package org.bayu.tensor.autograd;

import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;

/**
 * The angles of a rotary embedding: row p has the cosines and sines for position p, one of each for
 * every pair of features.
 *
 * <p>The maker of the tensors frees their memory.
 *
 * @param cos F32 [positions, headDim / 2]
 * @param sin the same
 */
public record RotaryTable(Tensor cos, Tensor sin) {
  /** Checks types and shapes. */
  public RotaryTable {
    if (cos.dtype() != DType.F32
        || sin.dtype() != DType.F32
        || cos.shape().rank() != 2
        || !cos.shape().equals(sin.shape())) {
      throw new ShapeException("rotary table: cos %s, sin %s".formatted(cos, sin));
    }
  }

  /** Number of positions. */
  public int positions() {
    return Math.toIntExact(cos.dim(0));
  }

  /** Features of a head: twice the number of pairs. */
  public int headDim() {
    return 2 * Math.toIntExact(cos.dim(1));
  }
}
