package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/**
 * What an EVEX instruction's operand in memory is. Displacements that are a multiple of its size
 * can take one byte (the manual's section 2.7.5).
 */
enum Tuple {
  /** A vector, or one element for every lane. */
  FULL,
  /** Half as wide as the instruction, or one element for every lane. */
  HALF,
  /** A vector. */
  FULL_MEMORY,
  /** Half as wide as the instruction. */
  HALF_MEMORY,
  /** One element. */
  SCALAR,
  /** 16 bytes. */
  XMM,
  /** 32 bytes. */
  YMM;

  /**
   * The operand's size.
   *
   * @param bits the instruction's width
   */
  int bytes(int bits, boolean broadcast, int elementBytes) {
    if (broadcast) {
      if (this != FULL && this != HALF) {
        throw new IllegalArgumentException("this instruction does not broadcast");
      }
      return elementBytes;
    }
    return switch (this) {
      case FULL, FULL_MEMORY -> bits / 8;
      case HALF, HALF_MEMORY -> bits / 16;
      case SCALAR -> elementBytes;
      case XMM -> 16;
      case YMM -> 32;
    };
  }
}
