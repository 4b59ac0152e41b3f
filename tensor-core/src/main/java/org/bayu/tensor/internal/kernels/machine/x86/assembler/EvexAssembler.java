package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/**
 * The EVEX encoding of vector instructions: 32 registers of up to 512 bits, write masks, and
 * elements from memory broadcast to every lane.
 */
abstract class EvexAssembler extends VexAssembler {
  /** An instruction with two sources, all of one width. */
  final void evex(int instruction, Tuple tuple, Vector into, Vector left, Operand right) {
    requireWidth(into.bits(), left);
    requireWidth(into.bits(), right);
    requireUnmasked(left);
    evex(instruction, tuple, into.bits(), into, left.number(), right);
  }

  /** An instruction with one source, as wide as the destination. */
  final void evex(int instruction, Tuple tuple, Vector into, Operand from) {
    requireWidth(into.bits(), from);
    evex(instruction, tuple, into.bits(), into, 0, from);
  }

  /**
   * An instruction of this width, whatever its operands' are.
   *
   * @param left the number of the first source, 0 if there is none
   */
  final void evex(int instruction, Tuple tuple, int bits, Vector into, int left, Operand right) {
    requireUnmasked(right);
    evex(instruction, tuple, bits, into.number(), left, right, lanes(into));
  }

  /** An instruction on two sources that writes a mask. */
  final void evexMask(
      int instruction, Tuple tuple, Mask into, Mask lanes, Vector left, Operand right) {
    requireWidth(left.bits(), right);
    requireUnmasked(left);
    requireUnmasked(right);
    evex(instruction, tuple, left.bits(), into.number(), left.number(), right, lanes.number());
  }

  /** An instruction on a register that writes a mask. */
  final void evexMask(int instruction, Mask into, Vector from) {
    requireUnmasked(from);
    evex(instruction, Tuple.FULL_MEMORY, from.bits(), into.number(), 0, from, 0);
  }

  /** An instruction whose destination can be in memory. */
  final void evexStore(int instruction, Tuple tuple, int bits, Operand into, Vector from) {
    requireUnmasked(from);
    if (into instanceof Address address && address.broadcast()) {
      throw new IllegalArgumentException("a store to a broadcast");
    }
    var lanes = into instanceof Vector vector ? lanes(vector) : into.mask().number();
    evex(instruction, tuple, bits, from.number(), 0, into, lanes);
  }

  /** An instruction with a number in place of a register in its ModRM byte, and one byte more. */
  final void evexExtended(
      int instruction, int extension, Vector into, Operand from, int immediate) {
    requireWidth(into.bits(), from);
    requireUnmasked(from);
    evex(instruction, Tuple.FULL, into.bits(), extension, into.number(), from, lanes(into));
    code.putImmediate(immediate);
  }

  /** An instruction with a general register as its source. */
  final void evex(int instruction, Vector into, Gp from) {
    var b = from.number() >> 3;
    evexPrefix(instruction, into.bits(), into.number(), 0, b, 0, lanes(into));
    code.put(instruction);
    code.modRm(into.number(), from.number());
  }

  private void evex(
      int instruction, Tuple tuple, int bits, int reg, int vvvv, Operand rm, int lanes) {
    switch (rm) {
      case Vector vector -> {
        var number = vector.number();
        evexPrefix(instruction, bits, reg, vvvv, number >> 3 & 1, number >> 4, lanes);
        code.put(instruction);
        code.modRm(reg, number);
      }
      case Address address -> {
        var unit = tuple.bytes(bits, address.broadcast(), w(instruction) == 0 ? 4 : 8);
        var b = address.base().number() >> 3;
        var x = address.indexNumber() >> 3;
        var broadcast = address.broadcast() ? 0x10 : 0;
        evexPrefix(instruction, bits, reg, vvvv, b, x, broadcast | lanes);
        code.put(instruction);
        code.modRm(reg, address, unit);
      }
    }
  }

  /**
   * The four bytes before the opcode: 62, then P0, P1 and P2 of the manual's section 2.7.1.
   *
   * @param lanes z, b and aaa in their places in P2
   */
  private void evexPrefix(int instruction, int bits, int reg, int vvvv, int b, int x, int lanes) {
    if (bits > 512) {
      throw new IllegalArgumentException("EVEX has 512 bits, not " + bits);
    }
    var r = (~reg >> 3 & 1) << 7 | (~reg >> 4 & 1) << 4;
    code.put(0x62);
    code.put(r | (x ^ 1) << 6 | (b ^ 1) << 5 | map(instruction));
    code.put(w(instruction) << 7 | (~vvvv & 15) << 3 | 4 | prefix(instruction));
    code.put(bits >> 8 << 5 | (~vvvv >> 4 & 1) << 3 | lanes);
  }

  private static int lanes(Vector into) {
    return (into.zeroing() ? 0x80 : 0) | into.mask().number();
  }
}
