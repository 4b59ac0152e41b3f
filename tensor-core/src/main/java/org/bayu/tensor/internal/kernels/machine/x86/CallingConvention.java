package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.List;
import java.util.Locale;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;

/** Where a function finds its arguments, addresses and integers. */
enum CallingConvention {
  /** Of Linux, macOS and the BSDs: the System V ABI, AMD64 supplement, section 3.2. */
  SYSTEM_V,

  /** Of Windows: Microsoft's "x64 calling convention". */
  WINDOWS;

  private static final List<Gp> SYSTEM_V_REGISTERS =
      List.of(Gp.RDI, Gp.RSI, Gp.RDX, Gp.RCX, Gp.R8, Gp.R9);
  private static final List<Gp> WINDOWS_REGISTERS = List.of(Gp.RCX, Gp.RDX, Gp.R8, Gp.R9);

  static CallingConvention ofThisSystem() {
    var system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return system.startsWith("windows") ? WINDOWS : SYSTEM_V;
  }

  /** The register of an argument, counted from 0, that is passed in one. */
  Gp register(int argument) {
    return (this == WINDOWS ? WINDOWS_REGISTERS : SYSTEM_V_REGISTERS).get(argument);
  }

  /** Bytes above the stack pointer, on entry, where an argument is that is passed there. */
  int stackOffset(int argument) {
    // The return address is at 0. Windows leaves room for the arguments in registers.
    return this == WINDOWS ? 8 + 8 * argument : 8 + 8 * (argument - SYSTEM_V_REGISTERS.size());
  }
}
