package org.bayu.collectives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * What this process does on each signal. Libraries below MPI install handlers of their own, for
 * example to print a stack trace on SIGSEGV; the JVM, which uses some of these signals, then dies
 * of its next null pointer. So they are {@linkplain #restore given back} after MPI has started.
 */
@SuppressWarnings("restricted") // calling the system is what this class is for
final class SignalActions {
  /** The signals of POSIX; the real-time ones after them are nobody's. */
  private static final int SIGNALS = 32;

  /** At least the size of {@code struct sigaction}, which is 152 bytes with glibc on x86-64. */
  private static final int BYTES = 256;

  private static final MethodHandle SIGACTION =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("sigaction"),
              FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));

  private final MemorySegment actions = Arena.ofAuto().allocate((long) SIGNALS * BYTES, 16);

  private SignalActions() {}

  /** The actions as they are now. */
  static SignalActions current() throws Throwable {
    var current = new SignalActions();
    for (var signal = 1; signal < SIGNALS; signal++) {
      var _ = (int) SIGACTION.invokeExact(signal, MemorySegment.NULL, current.action(signal));
    }
    return current;
  }

  /** Makes these the actions again. SIGKILL and SIGSTOP, which have none, are left as they are. */
  void restore() throws Throwable {
    for (var signal = 1; signal < SIGNALS; signal++) {
      var _ = (int) SIGACTION.invokeExact(signal, action(signal), MemorySegment.NULL);
    }
  }

  /** What the system has noted of a signal. */
  MemorySegment action(int signal) {
    return actions.asSlice((long) signal * BYTES, BYTES);
  }
}
