package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import java.util.List;
import java.util.Random;

/** The shapes that AVX-512's instructions have in common, and their operands. */
abstract class Avx512Shapes extends Forms<Avx512Assembler> {
  static final List<Mask> MASKS = List.of(Mask.values());

  /** What a source can be besides a register: memory, or one element of 4 or 8 bytes of it. */
  enum Source {
    MEMORY,
    FLOATS,
    DOUBLES
  }

  Avx512Shapes(Random random) {
    super(new Avx512Assembler(), random, 32);
  }

  final int width() {
    return 128 << random.nextInt(3);
  }

  /** 256 or 512. */
  final int wide() {
    return 256 << random.nextInt(2);
  }

  static int half(int bits) {
    return Math.max(128, bits / 2);
  }

  final Mask mask() {
    return pick(MASKS.subList(1, 8));
  }

  final Vector destination(int bits) {
    var vector = vector(bits);
    return switch (random.nextInt(3)) {
      case 0 -> vector.masked(mask());
      case 1 -> vector.zeroed(mask());
      default -> vector;
    };
  }

  final Address masked(Address address) {
    return random.nextBoolean() ? address.masked(mask()) : address;
  }

  final Operand source(int bits, Source source) {
    return switch (random.nextInt(3)) {
      case 0 -> vector(bits);
      case 1 -> address();
      default -> source == Source.MEMORY ? address() : address().broadcasted();
    };
  }

  static int memoryBytes(Operand operand, int bits, int elementBytes) {
    return operand instanceof Address address && address.broadcast() ? elementBytes : bits / 8;
  }

  static int elementBytes(Source source) {
    return source == Source.DOUBLES ? 8 : 4;
  }

  final void two(String name, Source kind, Two<Avx512Assembler, Vector, Operand> instruction) {
    var bits = width();
    var into = destination(bits);
    var from = source(bits, kind);
    expect(name, memoryBytes(from, bits, elementBytes(kind)), into, from);
    instruction.emit(assembler, into, from);
  }

  final void twoAndByte(
      String name, Source kind, Three<Avx512Assembler, Vector, Operand, Integer> instruction) {
    var bits = width();
    var into = destination(bits);
    var from = source(bits, kind);
    var last = immediate();
    expect(name, memoryBytes(from, bits, elementBytes(kind)), into, from, last);
    instruction.emit(assembler, into, from, last);
  }

  final void three(
      String name, Source kind, Three<Avx512Assembler, Vector, Vector, Operand> instruction) {
    three(name, width(), kind, instruction);
  }

  final void three(
      String name,
      int bits,
      Source kind,
      Three<Avx512Assembler, Vector, Vector, Operand> instruction) {
    var into = destination(bits);
    var left = vector(bits);
    var right = source(bits, kind);
    expect(name, memoryBytes(right, bits, elementBytes(kind)), into, left, right);
    instruction.emit(assembler, into, left, right);
  }

  final void threeAndByte(
      String name,
      int bits,
      Source kind,
      Four<Avx512Assembler, Vector, Vector, Operand, Integer> instruction) {
    var into = destination(bits);
    var left = vector(bits);
    var right = source(bits, kind);
    var last = immediate();
    expect(name, memoryBytes(right, bits, elementBytes(kind)), into, left, right, last);
    instruction.emit(assembler, into, left, right, last);
  }

  final void narrow(
      String name,
      Source kind,
      int elementBytes,
      Two<Avx512Assembler, Vector, Operand> instruction) {
    var bits = width();
    var from = source(bits, kind);
    if (from instanceof Address && bits == 128) {
      return; // memory is taken for twice the destination
    }
    var into = destination(half(bits));
    expect(name, memoryBytes(from, bits, elementBytes), into, from);
    instruction.emit(assembler, into, from);
  }

  final void widen(String name, Source kind, Two<Avx512Assembler, Vector, Operand> instruction) {
    var bits = width();
    var into = destination(bits);
    var from = source(half(bits), kind);
    expect(name, memoryBytes(from, bits / 2, 4), into, from);
    instruction.emit(assembler, into, from);
  }

  final void extract(
      String name,
      int bits,
      int fromBits,
      Three<Avx512Assembler, Operand, Vector, Integer> instruction) {
    var from = vector(fromBits);
    var into = random.nextBoolean() ? destination(bits) : masked(address());
    var part = immediate();
    expect(name, bits / 8, into, from, part);
    instruction.emit(assembler, into, from, part);
  }
}
