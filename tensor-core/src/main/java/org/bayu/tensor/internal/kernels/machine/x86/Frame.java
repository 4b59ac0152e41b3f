package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * The beginning and the end of a function, so that what is between is written once for all systems:
 * arguments 0 to 5 are in rdi, rsi, rdx, rcx, r8 and r9, all vector and mask registers are free,
 * and of the general ones rax, r10, r11, those of the arguments and those that the frame saves.
 *
 * <p>Arguments are addresses and integers; a float is passed as its bits. Between the two the stack
 * pointer stays as it is. The Windows form has been run only by a caller that imitates Windows.
 */
final class Frame {
  private static final List<Gp> CALLEES = List.of(Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15);
  private static final int IN_REGISTERS = 6;

  /** Of Windows's registers the callee keeps the lower halves of xmm6 to xmm15. */
  private static final int FIRST_XMM = 6, LAST_XMM = 15;

  private static final int MOST_LOCAL_BYTES = 2048; // within the stack's guard pages

  private final Assembler assembler;
  private final CallingConvention convention;
  private final int arguments;
  private final int localBytes;
  private final List<Gp> saved = new ArrayList<>();
  private final int reserved;

  /**
   * A function's frame; nothing is emitted yet.
   *
   * @param arguments how many the function has
   * @param localBytes of the stack that {@link #local} gives, up to 2048
   * @param saved those of rbx, rbp and r12 to r15 that the function changes
   */
  Frame(
      Assembler assembler,
      CallingConvention convention,
      int arguments,
      int localBytes,
      Gp... saved) {
    if (localBytes < 0 || localBytes > MOST_LOCAL_BYTES || localBytes % 8 != 0) {
      throw new IllegalArgumentException(localBytes + " bytes on the stack");
    }
    if (!CALLEES.containsAll(List.of(saved))) {
      throw new IllegalArgumentException("of " + List.of(saved) + " not all are the callee's");
    }
    this.assembler = assembler;
    this.convention = convention;
    this.arguments = arguments;
    this.localBytes = localBytes;
    if (convention == CallingConvention.WINDOWS) {
      this.saved.addAll(List.of(Gp.RDI, Gp.RSI));
    }
    this.saved.addAll(List.of(saved));
    var xmmBytes = convention == CallingConvention.WINDOWS ? 16 * (LAST_XMM - FIRST_XMM + 1) : 0;
    reserved = localBytes + xmmBytes;
  }

  /** Saves registers and puts the arguments in their places. */
  void prologue() {
    saved.forEach(assembler::push);
    if (reserved > 0) {
      assembler.sub(Gp.RSP, reserved);
    }
    if (convention == CallingConvention.WINDOWS) {
      for (var i = FIRST_XMM; i <= LAST_XMM; i++) {
        assembler.movups(savedXmm(i), Vector.xmm(i));
      }
      // In this order none is overwritten before it is moved.
      for (var i = 0; i < Math.min(arguments, IN_REGISTERS); i++) {
        var into = CallingConvention.SYSTEM_V.register(i);
        if (i < 4) {
          assembler.mov(into, convention.register(i));
        } else {
          assembler.mov(into, onStack(i));
        }
      }
    }
  }

  /** Loads an argument that has no register: 6 is the seventh. */
  void loadStackArgument(int index, Gp into) {
    if (index < IN_REGISTERS || index >= arguments) {
      throw new IllegalArgumentException("argument " + index + " of " + arguments);
    }
    assembler.mov(into, onStack(index));
  }

  /** The function's own place on the stack, {@code offset} bytes into it. */
  Address local(int offset) {
    if (offset < 0 || offset >= localBytes) {
      throw new IllegalArgumentException("byte " + offset + " of " + localBytes);
    }
    return Address.at(Gp.RSP, offset);
  }

  /** Restores registers and returns; rax is the result. */
  void epilogue() {
    assembler.vzeroupper();
    if (convention == CallingConvention.WINDOWS) {
      for (var i = FIRST_XMM; i <= LAST_XMM; i++) {
        assembler.movups(Vector.xmm(i), savedXmm(i));
      }
    }
    if (reserved > 0) {
      assembler.add(Gp.RSP, reserved);
    }
    saved.reversed().forEach(assembler::pop);
    assembler.ret();
  }

  private Address onStack(int argument) {
    return Address.at(Gp.RSP, reserved + 8 * saved.size() + convention.stackOffset(argument));
  }

  private Address savedXmm(int number) {
    return Address.at(Gp.RSP, localBytes + 16 * (number - FIRST_XMM));
  }
}
