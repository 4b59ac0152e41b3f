package org.bayu.train.plan;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.util.OptionalLong;

/** The memory that this process has. */
public final class ProcessMemory {
  /**
   * Compiled code and the compiler's own memory, classes, threads' stacks, the garbage collector's
   * tables. In runs of 20 and of 300 steps of a small model the anonymous memory was some 100 MiB
   * more than the plan's other parts.
   */
  private static final long JVM_BYTES = 120L << 20;

  private ProcessMemory() {}

  /** The memory of this process that is of no file, where the operating system tells. */
  public static OptionalLong anonymousBytes() {
    return LinuxFiles.anonymousBytes();
  }

  /**
   * The heap that a run from now on takes: the young generation whole, and of what grows as needed
   * the most that was used.
   */
  public static long heapBytes() {
    var bytes = 0L;
    for (var pool : ManagementFactory.getMemoryPoolMXBeans()) {
      if (pool.getType() == MemoryType.HEAP) {
        var isOld = pool.getName().contains("Old") || pool.getName().contains("Tenured");
        bytes += isOld ? pool.getPeakUsage().getUsed() : pool.getUsage().getCommitted();
      }
    }
    return bytes;
  }

  /** What the JVM takes beside the heap while a run goes on. */
  public static long jvmBytes() {
    return JVM_BYTES;
  }
}
