package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Instructions with random operands, each with the text that a disassembler should show for it.
 *
 * @param <A> the assembler they are emitted to
 */
abstract class Forms<A extends Assembler> {
  /** An instruction that begins at this byte. */
  record Form(int position, String text) {}

  interface Two<A, T, F> {
    void emit(A assembler, T into, F from);
  }

  interface Three<A, T, L, R> {
    void emit(A assembler, T into, L left, R right);
  }

  interface Four<A, T, L, R, I> {
    void emit(A assembler, T into, L left, R right, I last);
  }

  private static final List<Gp> GP = List.of(Gp.values());
  private static final List<String> LOW_NAMES =
      List.of("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi");

  final A assembler;
  final Random random;
  private final int vectorRegisters;
  private final List<Form> forms = new ArrayList<>();

  Forms(A assembler, Random random, int vectorRegisters) {
    this.assembler = assembler;
    this.random = random;
    this.vectorRegisters = vectorRegisters;
  }

  /** Every instruction once. */
  abstract void emitAll();

  List<Form> forms() {
    return forms;
  }

  /** Notes what is emitted next. */
  final void expect(String name, int memoryBytes, Object... operands) {
    var texts = Stream.of(operands).map(operand -> text(operand, memoryBytes));
    forms.add(new Form(assembler.position(), name + " " + texts.collect(Collectors.joining(","))));
  }

  final <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  final Gp gp() {
    return pick(GP);
  }

  final Vector vector(int bits) {
    return new Vector(random.nextInt(vectorRegisters), bits, Mask.K0, false);
  }

  final int immediate() {
    return random.nextInt(256);
  }

  /** With displacements of every size, and those that EVEX can and cannot compress. */
  final Address address() {
    var displacement =
        switch (random.nextInt(6)) {
          case 0 -> 0;
          case 1 -> random.nextInt(256) - 128;
          case 2 -> 64 * (random.nextInt(270) - 135);
          case 3 -> 32 * (random.nextInt(270) - 135);
          case 4 -> 4 * (random.nextInt(270) - 135);
          default -> random.nextInt();
        };
    if (random.nextBoolean()) {
      return Address.at(gp(), displacement);
    }
    Gp index;
    do {
      index = gp();
    } while (index == Gp.RSP);
    return Address.at(gp(), index, 1 << random.nextInt(4), displacement);
  }

  static String name(Gp register) {
    var number = register.number();
    return number < 8 ? LOW_NAMES.get(number) : "r" + number;
  }

  /** The lower half's name. */
  static String name32(Gp register) {
    return register.number() < 8 ? "e" + name(register).substring(1) : name(register) + "d";
  }

  private static String text(Object operand, int memoryBytes) {
    return switch (operand) {
      case Gp register -> name(register);
      case Vector vector ->
          " xyz".charAt(Integer.numberOfTrailingZeros(vector.bits() / 64))
              + "mm"
              + vector.number()
              + writeMask(vector.mask())
              + (vector.zeroing() ? "{z}" : "");
      case Address address -> size(memoryBytes) + text(address) + writeMask(address.mask());
      case Integer value -> "0x" + Integer.toHexString(value);
      case String text -> text;
      default -> throw new IllegalArgumentException(operand.toString());
    };
  }

  private static String writeMask(Mask mask) {
    return mask == Mask.K0 ? "" : "{k" + mask.number() + "}";
  }

  private static String text(Address address) {
    var text = new StringBuilder("[").append(name(address.base()));
    if (address.index() != null) {
      text.append('+').append(name(address.index())).append('*').append(address.scale());
    }
    var displacement = (long) address.displacement();
    if (displacement != 0) {
      text.append(displacement < 0 ? "-0x" : "+0x")
          .append(Long.toHexString(Math.abs(displacement)));
    }
    return text.append(']').toString().toLowerCase(Locale.ROOT);
  }

  private static String size(int bytes) {
    return switch (bytes) {
      case 0 -> "";
      case 1 -> "BYTE PTR ";
      case 2 -> "WORD PTR ";
      case 4 -> "DWORD PTR ";
      case 8 -> "QWORD PTR ";
      case 16 -> "XMMWORD PTR ";
      case 32 -> "YMMWORD PTR ";
      case 64 -> "ZMMWORD PTR ";
      default -> throw new IllegalArgumentException(bytes + " bytes");
    };
  }
}
