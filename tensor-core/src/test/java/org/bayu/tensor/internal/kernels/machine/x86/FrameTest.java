package org.bayu.tensor.internal.kernels.machine.x86;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R14;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(
    value = {OS.LINUX, OS.MAC},
    architectures = {"amd64", "x86_64"})
class FrameTest {
  private static final int ARGUMENTS = 9;
  private static final List<Gp> KEPT = List.of(RBX, RBP, RDI, RSI, R13, R14, R15);

  /** Registers that the test may lose. */
  private static void spoil(Assembler assembler) {
    for (var register : List.of(RBX, RBP, RDI, RSI, R12, R13, R14, R15)) {
      assembler.mov(register, 0x5A5A5A5A5A5AL);
    }
    for (var i = 0; i < 16; i++) {
      assembler.movups(xmm(i), at(RSP, -16));
    }
  }

  /**
   * A function of nine arguments: the sum of (i + 1) · argument i, kept on the stack meanwhile. Of
   * 1, 10, 100 and so on that is 987654321.
   */
  private static Label weightedSum(Assembler assembler, CallingConvention convention) {
    var start = assembler.here();
    var frame = new Frame(assembler, convention, ARGUMENTS, 24, RBX, RBP, R12, R13, R14, R15);
    frame.prologue();
    assembler.xor(RAX, RAX);
    assembler.mov(frame.local(16), RAX);
    for (var i = 0; i < ARGUMENTS; i++) {
      var value = R10;
      if (i < 6) {
        assembler.mov(value, CallingConvention.SYSTEM_V.register(i));
      } else {
        frame.loadStackArgument(i, value);
      }
      for (var times = 0; times <= i; times++) {
        assembler.mov(RAX, frame.local(16));
        assembler.add(RAX, value);
        assembler.mov(frame.local(16), RAX);
      }
    }
    spoil(assembler);
    assembler.mov(RAX, frame.local(16));
    frame.epilogue();
    return start;
  }

  @Test
  @SuppressWarnings("restricted") // calling the code is the test
  void argumentsArriveAndRegistersAreKept() throws Throwable {
    var assembler = new Assembler();
    var start = weightedSum(assembler, CallingConvention.SYSTEM_V);
    var longs = Collections.nCopies(ARGUMENTS, JAVA_LONG).toArray(MemoryLayout[]::new);
    try (var code = CodeBuffer.of(assembler.toByteArray())) {
      var sum =
          Linker.nativeLinker()
              .downcallHandle(
                  code.address(start.position()),
                  FunctionDescriptor.of(JAVA_LONG, longs),
                  Linker.Option.critical(false));
      var result =
          (long)
              sum.invokeExact(
                  1L, 10L, 100L, 1000L, 10000L, 100000L, 1000000L, 10000000L, 100000000L);
      assertEquals(987654321, result);
    }
  }

  /**
   * From a System V function that imitates Windows: passes arguments so, and looks what is kept.
   */
  @Test
  @SuppressWarnings("restricted") // calling the code is the test
  void argumentsOfWindowsArriveAndItsRegistersAreKept() throws Throwable {
    var assembler = new Assembler();
    var function = weightedSum(assembler, CallingConvention.WINDOWS);
    assembler.align(16);
    var constants = assembler.here();
    assembler.data(IntStream.range(0, 64).toArray());
    var start = assembler.here();
    var frame =
        new Frame(assembler, CallingConvention.SYSTEM_V, 1, 128, RBX, RBP, R12, R13, R14, R15);
    frame.prologue();
    assembler.mov(R12, RDI);
    assembler.mov(at(RSP, 120), R12);
    assembler.lea(RAX, constants);
    for (var i = 0; i < 16; i++) {
      assembler.movups(xmm(i), at(RAX, 16 * i));
    }
    for (var register : KEPT) {
      assembler.mov(register, 1000 + register.number());
    }
    var value = 1L;
    for (var i = 0; i < ARGUMENTS; i++, value *= 10) {
      assembler.mov(RAX, value);
      if (i < 4) {
        assembler.mov(CallingConvention.WINDOWS.register(i), RAX);
      } else {
        assembler.mov(at(RSP, 8 * i), RAX);
      }
    }
    var back = new Label();
    assembler.lea(RAX, back);
    assembler.push(RAX);
    assembler.jmp(function);
    assembler.bind(back);
    assembler.mov(R12, at(RSP, 120));
    for (var register : KEPT) {
      assembler.mov(at(R12, 8 * register.number()), register);
    }
    for (var i = 6; i < 16; i++) {
      assembler.movups(at(R12, 128 + 16 * i), xmm(i));
    }
    frame.epilogue();
    try (var code = CodeBuffer.of(assembler.toByteArray());
        var arena = Arena.ofConfined()) {
      var type = FunctionDescriptor.of(JAVA_LONG, ADDRESS);
      var call = Linker.nativeLinker().downcallHandle(code.address(start.position()), type);
      var out = arena.allocate(128 + 256, 16);
      assertEquals(987654321, (long) call.invokeExact(out));
      for (var register : KEPT) {
        var kept = out.getAtIndex(JAVA_LONG, register.number());
        assertEquals(1000 + register.number(), kept, register.name());
      }
      for (var i = 4 * 6; i < 4 * 16; i++) {
        assertEquals(i, out.get(JAVA_INT, 128 + 4 * i), "xmm" + i / 4);
      }
    }
  }

  @Test
  void registersOfTheCallerAreNotSaved() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Frame(new Assembler(), CallingConvention.SYSTEM_V, 0, 0, RDI));
  }

  @Test
  void argumentsThatTheFunctionDoesNotHaveAreNotLoaded() {
    var frame = new Frame(new Assembler(), CallingConvention.SYSTEM_V, 7, 0);
    frame.loadStackArgument(6, RAX);
    assertThrows(IllegalArgumentException.class, () -> frame.loadStackArgument(7, RAX));
    assertThrows(IllegalArgumentException.class, () -> frame.loadStackArgument(5, RAX));
  }
}
