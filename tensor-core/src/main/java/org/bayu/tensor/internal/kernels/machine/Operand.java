package org.bayu.tensor.internal.kernels.machine;

/** A vector register or a place in memory. */
sealed interface Operand permits Vector, Address {
  /** Which lanes are written, where this is a destination. */
  Mask mask();
}
