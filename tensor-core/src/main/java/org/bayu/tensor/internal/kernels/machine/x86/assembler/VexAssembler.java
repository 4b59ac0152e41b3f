package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import java.util.Locale;

/**
 * The VEX encoding of vector instructions: 16 registers of 128 or 256 bits.
 *
 * <p>An instruction is the or of a mandatory prefix, an opcode map, W and the opcode, as the manual
 * writes it: {@code VEX.256.66.0F38.W0 B8} is {@code P66 | M0F38 | 0xB8}. What does not fit
 * together (widths, high registers, masks) is refused when it is assembled.
 */
abstract class VexAssembler extends Assembler {
  static final int P66 = 1 << 8, PF3 = 2 << 8, PF2 = 3 << 8;
  static final int M0F = 1 << 12, M0F38 = 2 << 12, M0F3A = 3 << 12;
  static final int W1 = 1 << 16;

  /** An instruction with two sources, all of one width. */
  final void vex(int instruction, Vector into, Vector left, Operand right) {
    requireWidth(into.bits(), left);
    requireWidth(into.bits(), right);
    requireUnmasked(left);
    vex(instruction, into.bits(), into, left.number(), right);
  }

  /** An instruction with one source, as wide as the destination. */
  final void vex(int instruction, Vector into, Operand from) {
    requireWidth(into.bits(), from);
    vex(instruction, into.bits(), into, 0, from);
  }

  /**
   * An instruction of this width, whatever its operands' are.
   *
   * @param reg the register in the ModRM byte's field of this name: the destination, of stores the
   *     source
   * @param left the number of the first source, 0 if there is none
   */
  final void vex(int instruction, int bits, Vector reg, int left, Operand rm) {
    requireUnmasked(reg);
    requireUnmasked(rm);
    switch (rm) {
      case Vector vector -> vexRegisters(instruction, bits, reg.number(), left, vector.number());
      case Address address -> {
        if (address.broadcast()) {
          throw new IllegalArgumentException("VEX has no broadcasts");
        }
        vexPrefix(
            instruction,
            bits,
            reg.number(),
            left,
            address.base().number() >> 3,
            address.indexNumber() >> 3);
        code.put(instruction);
        code.modRm(reg.number(), address, 1);
      }
    }
  }

  /** An instruction with a number in place of a register in its ModRM byte, and one byte more. */
  final void vexExtended(int instruction, int extension, Vector into, Vector from, int immediate) {
    requireWidth(into.bits(), from);
    requireUnmasked(into);
    requireUnmasked(from);
    vexRegisters(instruction, into.bits(), extension, into.number(), from.number());
    code.putImmediate(immediate);
  }

  /** An instruction on registers of any kind, by their numbers. */
  final void vexRegisters(int instruction, int bits, int reg, int vvvv, int rm) {
    if (rm > 15) {
      throw new IllegalArgumentException("VEX has registers to 15, not " + rm);
    }
    vexPrefix(instruction, bits, reg, vvvv, rm >> 3, 0);
    code.put(instruction);
    code.modRm(reg, rm);
  }

  /** C5 and a byte where that says all, else C4 and two: the manual's section 2.3.5. */
  private void vexPrefix(int instruction, int bits, int reg, int vvvv, int b, int x) {
    if (bits > 256 || reg > 15 || vvvv > 15) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "VEX has 256 bits and registers to 15, not %d and %d, %d",
              bits,
              reg,
              vvvv));
    }
    var last = (~vvvv & 15) << 3 | bits >> 8 << 2 | prefix(instruction);
    if (b == 0 && x == 0 && w(instruction) == 0 && map(instruction) == 1) {
      code.put(0xC5);
      code.put((~reg >> 3 & 1) << 7 | last);
    } else {
      code.put(0xC4);
      code.put((~reg >> 3 & 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | map(instruction));
      code.put(w(instruction) << 7 | last);
    }
  }

  static int prefix(int instruction) {
    return instruction >> 8 & 3;
  }

  static int map(int instruction) {
    return instruction >> 12 & 3;
  }

  static int w(int instruction) {
    return instruction >> 16 & 1;
  }

  static void requireWidth(int bits, Operand operand) {
    if (operand instanceof Vector vector && vector.bits() != bits) {
      throw new IllegalArgumentException(
          "a register of " + vector.bits() + " bits where the instruction takes " + bits);
    }
  }

  static void requireUnmasked(Operand operand) {
    if (operand.mask() != Mask.K0) {
      throw new IllegalArgumentException("a write mask is for the destination, and needs EVEX");
    }
  }
}
