package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import java.util.Locale;

/** How an operating system gives memory for code. It is never writable and executable at a time. */
interface ExecutableMemory {
  /**
   * Executable memory with this code.
   *
   * @throws CodeRefusedException if the system gives none
   */
  MemorySegment map(byte[] code) throws CodeRefusedException;

  /** Gives memory of {@link #map} back; code there must not run any more. */
  void unmap(MemorySegment memory);

  /**
   * That of the operating system.
   *
   * @throws CodeRefusedException if this JVM may not call it
   */
  static ExecutableMemory ofThisSystem() throws CodeRefusedException {
    var system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    try {
      return system.startsWith("windows")
          ? new WindowsMemory()
          : new PosixMemory(system.equals("linux"));
    } catch (IllegalCallerException e) {
      throw new CodeRefusedException(
          "this JVM denies native access: start Java with --enable-native-access="
              + (ExecutableMemory.class.getModule().isNamed()
                  ? ExecutableMemory.class.getModule().getName()
                  : "ALL-UNNAMED"),
          e);
    } catch (UnsupportedOperationException | IllegalArgumentException | LinkageError e) {
      throw new CodeRefusedException("this JVM does not call " + system + "'s functions", e);
    }
  }
}
