package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import java.util.List;
import java.util.Random;

/** The instructions on general registers. */
final class GeneralForms extends Forms<Assembler> {
  /** No-operations of 1 byte, 2 and so on. */
  private static final List<String> NOPS =
      List.of(
          "nop",
          "xchg ax,ax",
          "nop DWORD PTR [rax]",
          "nop DWORD PTR [rax]",
          "nop DWORD PTR [rax+rax*1]",
          "nop WORD PTR [rax+rax*1]",
          "nop DWORD PTR [rax]",
          "nop DWORD PTR [rax+rax*1]",
          "nop WORD PTR [rax+rax*1]");

  GeneralForms(Random random) {
    super(new Assembler(), random, 16);
  }

  @Override
  void emitAll() {
    moves();
    registers("add", Assembler::add);
    registers("sub", Assembler::sub);
    registers("cmp", Assembler::cmp);
    registers("and", Assembler::and);
    registers("or", Assembler::or);
    registers("xor", Assembler::xor);
    registers("test", Assembler::test);
    registers("imul", Assembler::imul);
    load("add", Assembler::add);
    load("sub", Assembler::sub);
    load("cmp", Assembler::cmp);
    number("add", Assembler::add);
    number("sub", Assembler::sub);
    number("cmp", Assembler::cmp);
    number("and", Assembler::and);
    shift("shl", Assembler::shl);
    shift("shr", Assembler::shr);
    one("inc", Assembler::inc);
    one("dec", Assembler::dec);
    one("neg", Assembler::neg);
    one("push", Assembler::push);
    one("pop", Assembler::pop);
    prefetch("prefetcht0", Assembler::prefetcht0);
    prefetch("prefetcht1", Assembler::prefetcht1);
    prefetch("prefetchw", Assembler::prefetchw);
    plain("ret", Assembler::ret);
    plain("cpuid", Assembler::cpuid);
    plain("xgetbv", Assembler::xgetbv);
    plain("vzeroupper", Assembler::vzeroupper);
    jumps();
    for (var i = 0; i < NOPS.size(); i++) {
      alignment(i + 1, NOPS.get(i));
    }
  }

  private interface Plain {
    void emit(Assembler assembler);
  }

  private interface One<T> {
    void emit(Assembler assembler, T operand);
  }

  private void moves() {
    registers("mov", Assembler::mov);
    load("mov", Assembler::mov);
    Address place = address();
    Gp register = gp();
    expect("mov", 8, place, register);
    assembler.mov(place, register);
    expect("mov", 4, name32(register), place);
    assembler.mov32(register, place);
    expect("mov", 4, place, name32(register));
    assembler.mov32(place, register);
    expect("movzx", 1, name32(register), place);
    assembler.movzxByte(register, place);
    expect("lea", 0, register, place);
    assembler.lea(register, place);
    var small = random.nextInt();
    expect("mov", 0, register, "0x" + Long.toHexString(small));
    assembler.mov(register, small);
    var unsigned = 0x80000000L + random.nextInt(1 << 30);
    expect("mov", 0, name32(register), "0x" + Long.toHexString(unsigned));
    assembler.mov(register, unsigned);
    var large = random.nextLong(1L << 32, Long.MAX_VALUE);
    expect("movabs", 0, register, "0x" + Long.toHexString(large));
    assembler.mov(register, large);
    var vector = vector(128);
    expect("movups", 16, vector, place);
    assembler.movups(vector, place);
    expect("movups", 16, place, vector);
    assembler.movups(place, vector);
  }

  private void registers(String name, Two<Assembler, Gp, Gp> instruction) {
    var into = gp();
    var from = gp();
    expect(name, 0, into, from);
    instruction.emit(assembler, into, from);
  }

  private void load(String name, Two<Assembler, Gp, Address> instruction) {
    var into = gp();
    var from = address();
    expect(name, 8, into, from);
    instruction.emit(assembler, into, from);
  }

  private void number(String name, Two<Assembler, Gp, Integer> instruction) {
    for (var value : List.of(random.nextInt(256) - 128, random.nextInt())) {
      var into = gp();
      expect(name, 0, into, "0x" + Long.toHexString(value));
      instruction.emit(assembler, into, value);
    }
  }

  private void shift(String name, Two<Assembler, Gp, Integer> instruction) {
    var into = gp();
    var bits = random.nextInt(64);
    expect(name, 0, into, bits);
    instruction.emit(assembler, into, bits);
  }

  private void one(String name, One<Gp> instruction) {
    var register = gp();
    expect(name, 0, register);
    instruction.emit(assembler, register);
  }

  private void prefetch(String name, One<Address> instruction) {
    var address = address();
    expect(name, 1, address);
    instruction.emit(assembler, address);
  }

  private void plain(String name, Plain instruction) {
    expect(name, 0);
    instruction.emit(assembler);
  }

  private void jumps() {
    jump("jmp", Assembler::jmp);
    jump("je", Assembler::jz);
    jump("jne", Assembler::jnz);
    jump("jl", Assembler::jl);
    jump("jge", Assembler::jge);
    jump("jg", Assembler::jg);
    jump("jle", Assembler::jle);
    jump("jb", Assembler::jb);
    jump("jae", Assembler::jae);
    jump("ja", Assembler::ja);
    jump("jbe", Assembler::jbe);
    jump("js", Assembler::js);
    jump("jns", Assembler::jns);
  }

  /** Back, near and far, and forward. */
  private void jump(String name, One<Label> instruction) {
    var back = assembler.here();
    if (random.nextBoolean()) {
      nops(random.nextInt(90, 160));
    }
    expect(name, 0, "0x" + Integer.toHexString(back.position()));
    instruction.emit(assembler, back);

    var forward = new Label();
    var far = (name.equals("jmp") ? 5 : 6) + assembler.position();
    var skipped = random.nextInt(3);
    expect(name, 0, "0x" + Integer.toHexString(far + skipped));
    instruction.emit(assembler, forward);
    nops(skipped);
    assembler.bind(forward);

    var place = new Label();
    var register = gp();
    expect("lea", 0, register, "[rip+0x0]");
    assembler.lea(register, place);
    assembler.bind(place);
  }

  private void nops(int bytes) {
    for (var i = 0; i < bytes; i++) {
      expect("nop", 0);
      assembler.code.put(0x90);
    }
  }

  private void alignment(int bytes, String nop) {
    nops(Math.floorMod(-bytes - assembler.position(), 16));
    expect(nop, 0);
    assembler.align(16);
  }
}
