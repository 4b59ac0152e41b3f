package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/**
 * Assembles x86-64 code: here what every such processor has, on its general registers (64 bits of
 * them, unless the name ends in 32).
 */
public class Assembler extends JumpAssembler {
  /** Groups of arithmetic instructions, by the number that all their encodings share. */
  private static final int ADD = 0, OR = 1, AND = 4, SUB = 5, XOR = 6, CMP = 7;

  // Moves.

  public final void mov(Gp into, Gp from) {
    registers(0x89, from, into);
  }

  public final void mov(Gp into, Address from) {
    memory(0x8B, into, from);
  }

  public final void mov(Address into, Gp from) {
    memory(0x89, from, into);
  }

  /** In the shortest of its encodings. */
  public final void mov(Gp into, long value) {
    if (value == (int) value) {
      immediate(0xC7, 0, into);
      code.putInt((int) value);
    } else if (value >>> 32 == 0) { // the upper half becomes zero
      rex(0, 0, 0, into.number());
      code.put(0xB8 | (into.number() & 7));
      code.putInt((int) value);
    } else {
      rex(1, 0, 0, into.number());
      code.put(0xB8 | (into.number() & 7));
      code.putLong(value);
    }
  }

  /** The upper half becomes zero. */
  public final void mov32(Gp into, Address from) {
    rex(0, into.number(), from);
    code.put(0x8B);
    code.modRm(into.number(), from, 1);
  }

  public final void mov32(Address into, Gp from) {
    rex(0, from.number(), into);
    code.put(0x89);
    code.modRm(from.number(), into, 1);
  }

  /** A byte; all above becomes zero. */
  public final void movzxByte(Gp into, Address from) {
    rex(0, into.number(), from);
    code.put(0x0F);
    code.put(0xB6);
    code.modRm(into.number(), from, 1);
  }

  public final void lea(Gp into, Address address) {
    memory(0x8D, into, address);
  }

  /** The address of a place in the code. */
  public final void lea(Gp into, Label label) {
    rex(1, into.number(), 0, 0);
    code.put(0x8D);
    code.put((into.number() & 7) << 3 | 5);
    distance(label);
  }

  public final void push(Gp register) {
    rex(0, 0, 0, register.number());
    code.put(0x50 | (register.number() & 7));
  }

  public final void pop(Gp register) {
    rex(0, 0, 0, register.number());
    code.put(0x58 | (register.number() & 7));
  }

  /** Stores 128 bits of xmm0 to xmm15, as every x86-64 processor can. */
  public final void movups(Address into, Vector from) {
    movups(0x11, from, into);
  }

  /** Loads 128 bits into xmm0 to xmm15, as every x86-64 processor can. */
  public final void movups(Vector into, Address from) {
    movups(0x10, into, from);
  }

  // Arithmetic.

  public final void add(Gp into, Gp from) {
    registers(ADD << 3 | 1, from, into);
  }

  public final void add(Gp into, Address from) {
    memory(ADD << 3 | 3, into, from);
  }

  public final void add(Gp into, int value) {
    arithmetic(ADD, into, value);
  }

  public final void sub(Gp into, Gp from) {
    registers(SUB << 3 | 1, from, into);
  }

  public final void sub(Gp into, Address from) {
    memory(SUB << 3 | 3, into, from);
  }

  public final void sub(Gp into, int value) {
    arithmetic(SUB, into, value);
  }

  public final void cmp(Gp left, Gp right) {
    registers(CMP << 3 | 1, right, left);
  }

  public final void cmp(Gp left, Address right) {
    memory(CMP << 3 | 3, left, right);
  }

  public final void cmp(Gp left, int right) {
    arithmetic(CMP, left, right);
  }

  public final void and(Gp into, Gp from) {
    registers(AND << 3 | 1, from, into);
  }

  public final void and(Gp into, int value) {
    arithmetic(AND, into, value);
  }

  public final void or(Gp into, Gp from) {
    registers(OR << 3 | 1, from, into);
  }

  public final void xor(Gp into, Gp from) {
    registers(XOR << 3 | 1, from, into);
  }

  public final void test(Gp left, Gp right) {
    registers(0x85, right, left);
  }

  public final void imul(Gp into, Gp from) {
    rex(1, into.number(), 0, from.number());
    code.put(0x0F);
    code.put(0xAF);
    code.modRm(into.number(), from.number());
  }

  public final void shl(Gp register, int bits) {
    shift(4, register, bits);
  }

  public final void shr(Gp register, int bits) {
    shift(5, register, bits);
  }

  public final void inc(Gp register) {
    immediate(0xFF, 0, register);
  }

  public final void dec(Gp register) {
    immediate(0xFF, 1, register);
  }

  public final void neg(Gp register) {
    immediate(0xF7, 3, register);
  }

  public final void ret() {
    code.put(0xC3);
  }

  // The processor and its caches.

  public final void cpuid() {
    code.put(0x0F);
    code.put(0xA2);
  }

  public final void xgetbv() {
    code.put(0x0F);
    code.put(0x01);
    code.put(0xD0);
  }

  public final void prefetcht0(Address address) {
    prefetch(0x18, 1, address);
  }

  public final void prefetcht1(Address address) {
    prefetch(0x18, 2, address);
  }

  public final void prefetchw(Address address) {
    prefetch(0x0D, 1, address);
  }

  /** Zeros the upper halves of all vector registers: before SSE code runs again. */
  public final void vzeroupper() {
    code.put(0xC5);
    code.put(0xF8);
    code.put(0x77);
  }

  // Encodings.

  private void registers(int opcode, Gp reg, Gp rm) {
    rex(1, reg.number(), 0, rm.number());
    code.put(opcode);
    code.modRm(reg.number(), rm.number());
  }

  private void memory(int opcode, Gp reg, Address address) {
    rex(1, reg.number(), address);
    code.put(opcode);
    code.modRm(reg.number(), address, 1);
  }

  private void immediate(int opcode, int extension, Gp rm) {
    rex(1, 0, 0, rm.number());
    code.put(opcode);
    code.modRm(extension, rm.number());
  }

  private void arithmetic(int group, Gp register, int value) {
    if (CodeBytes.isByte(value)) {
      immediate(0x83, group, register);
      code.put(value);
    } else {
      immediate(0x81, group, register);
      code.putInt(value);
    }
  }

  private void shift(int extension, Gp register, int bits) {
    if (bits < 0 || bits > 63) {
      throw new IllegalArgumentException("a shift by " + bits);
    }
    immediate(0xC1, extension, register);
    code.put(bits);
  }

  private void movups(int opcode, Vector register, Address address) {
    if (register.bits() != 128 || register.number() > 15) {
      throw new IllegalArgumentException("SSE has xmm0 to xmm15");
    }
    rex(0, register.number(), address);
    code.put(0x0F);
    code.put(opcode);
    code.modRm(register.number(), address, 1);
  }

  private void prefetch(int opcode, int extension, Address address) {
    rex(0, 0, address);
    code.put(0x0F);
    code.put(opcode);
    code.modRm(extension, address, 1);
  }

  private void rex(int w, int reg, Address address) {
    if (address.broadcast() || address.mask() != Mask.K0) {
      throw new IllegalArgumentException("masks and broadcasts need EVEX");
    }
    rex(w, reg, address.indexNumber(), address.base().number());
  }

  /** The prefix for 64 bits (w = 1) and for registers from 8 on; left out where it says nothing. */
  private void rex(int w, int reg, int index, int base) {
    var prefix = 0x40 | w << 3 | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
    if (prefix != 0x40) {
      code.put(prefix);
    }
  }
}
