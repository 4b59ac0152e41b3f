package org.bayu.tensor.internal.kernels.machine.x86;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;

/** The processor's own answers. */
@SuppressWarnings("restricted") // calling assembled code is what this class is for
final class CpuidCode implements Cpuid, AutoCloseable {
  private final CodeBuffer code;
  private final MethodHandle cpuid;
  private final MethodHandle xgetbv;

  /**
   * Assembles the code.
   *
   * @throws CodeRefusedException if code cannot be run here
   */
  CpuidCode() throws CodeRefusedException {
    var convention = CallingConvention.ofThisSystem();
    var assembler = new Assembler();

    // void cpuid(leaf, subleaf, int[4])
    var cpuidStart = assembler.here();
    assembler.push(RBX);
    assembler.mov(R10, convention.register(2));
    assembler.mov(RAX, convention.register(0));
    assembler.mov(RCX, convention.register(1));
    assembler.cpuid();
    assembler.mov32(at(R10), RAX);
    assembler.mov32(at(R10, 4), RBX);
    assembler.mov32(at(R10, 8), RCX);
    assembler.mov32(at(R10, 12), RDX);
    assembler.pop(RBX);
    assembler.ret();

    // long xgetbv(): that of register 0
    assembler.align(16);
    var xgetbvStart = assembler.here();
    assembler.xor(RCX, RCX);
    assembler.xgetbv();
    assembler.shl(RDX, 32);
    assembler.or(RAX, RDX);
    assembler.ret();

    code = CodeBuffer.of(assembler.toByteArray());
    cpuid = link(cpuidStart, FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, ADDRESS));
    xgetbv = link(xgetbvStart, FunctionDescriptor.of(JAVA_LONG));
  }

  private MethodHandle link(Label start, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(code.address(start.position()), type);
  }

  @Override
  public Leaf leaf(int leaf, int subleaf) {
    try (var arena = Arena.ofConfined()) {
      MemorySegment registers = arena.allocate(JAVA_INT, 4);
      cpuid.invokeExact((long) leaf, (long) subleaf, registers);
      return new Leaf(
          registers.getAtIndex(JAVA_INT, 0),
          registers.getAtIndex(JAVA_INT, 1),
          registers.getAtIndex(JAVA_INT, 2),
          registers.getAtIndex(JAVA_INT, 3));
    } catch (Throwable e) {
      throw new AssertionError(e); // this code throws nothing
    }
  }

  @Override
  public long xcr0() {
    try {
      return (long) xgetbv.invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    code.close();
  }
}
