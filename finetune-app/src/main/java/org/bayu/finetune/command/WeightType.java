package org.bayu.finetune.command;

import org.bayu.tensor.DType;

/** The types that weights can have in a folder, as the command line spells them. */
enum WeightType {
  /** binary32. */
  F32(DType.F32),
  /** bfloat16. */
  BF16(DType.BF16),
  /** binary16. */
  F16(DType.F16);

  private final DType dtype;

  WeightType(DType dtype) {
    this.dtype = dtype;
  }

  DType dtype() {
    return dtype;
  }
}
