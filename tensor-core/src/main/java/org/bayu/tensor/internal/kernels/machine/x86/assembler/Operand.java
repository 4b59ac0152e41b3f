package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/** A vector register or a place in memory. */
public sealed interface Operand permits Vector, Address {
  /** Which lanes are written, where this is a destination. */
  Mask mask();
}
