package org.bayu.finetune.command;

import org.bayu.tensor.DType;

/** The types that {@code --compute} names. */
enum ComputeType {
  /** binary32. */
  F32(DType.F32),
  /** bfloat16 products, summed in binary32. */
  BF16(DType.BF16);

  private final DType dtype;

  ComputeType(DType dtype) {
    this.dtype = dtype;
  }

  /** The tensors' type. */
  DType dtype() {
    return dtype;
  }
}
