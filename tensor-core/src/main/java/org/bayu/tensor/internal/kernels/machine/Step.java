package org.bayu.tensor.internal.kernels.machine;

import org.bayu.tensor.DType;

/** What a step of a product's operands holds: 32 bits of k. */
public enum Step {
  /** One F32. */
  F32(DType.F32, 1),

  /** Two BF16, for processors that multiply them. */
  BFLOAT16_PAIR(DType.BF16, 2),

  /** One number rounded to BF16 and held as F32, for processors that multiply F32 alone. */
  BFLOAT16_AS_F32(DType.F32, 1);

  private final DType type;
  private final int elements;

  Step(DType type, int elements) {
    this.type = type;
    this.elements = elements;
  }

  /** The type of its elements. */
  DType type() {
    return type;
  }

  /** Elements of k. */
  public int elements() {
    return elements;
  }

  /** Whether numbers of its type must be rounded. */
  public boolean isRounded() {
    return this == BFLOAT16_AS_F32;
  }
}
