package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Calls of assembled functions: one shape for all, ten numbers or addresses, and a number back. */
public final class MachineCall {
  // A critical call leaves out the thread's change of state: a function is to last a millisecond at
  // most, for it holds safepoints up.
  @SuppressWarnings("restricted") // the one way to call it
  private static final MethodHandle CALL =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.of(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
              Linker.Option.critical(false));

  private MachineCall() {}

  /** A float as it is passed: its bits. */
  public static long bits(float value) {
    return Integer.toUnsignedLong(Float.floatToRawIntBits(value));
  }

  /** A call of a function with six parameters. */
  public static long call(MemorySegment function, long a, long b, long c, long d, long e, long f) {
    return call(function, a, b, c, d, e, f, 0, 0, 0, 0);
  }

  /** The function's result; that of one without is any number. */
  public static long call(
      MemorySegment function,
      long a,
      long b,
      long c,
      long d,
      long e,
      long f,
      long g,
      long h,
      long i,
      long j) {
    try {
      return (long) CALL.invokeExact(function, a, b, c, d, e, f, g, h, i, j);
    } catch (Throwable t) {
      throw new AssertionError("machine code does not throw", t);
    }
  }
}
