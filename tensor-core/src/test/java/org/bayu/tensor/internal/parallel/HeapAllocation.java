package org.bayu.tensor.internal.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/** Counts the bytes that threads allocate on the heap. */
public final class HeapAllocation {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Rounds in which code may become warm: what the compilers know counts in them alone. */
  private static final int ROUNDS = 60;

  private HeapAllocation() {}

  /**
   * Asserts that {@code work} allocates nothing once it is warm, neither on this thread nor on
   * those of any pool: that {@code calls} calls one after the other allocate no byte.
   *
   * <p>Compiling may allocate on the thread that runs, once: so there are more rounds, of which one
   * must be free of it. An allocation in each call, or in each hundredth, is in every round.
   */
  public static void assertNone(String what, int calls, Runnable work) {
    var bytes = 0L;
    for (var round = 0; round < ROUNDS; round++) {
      bytes = of(calls, work);
      if (bytes == 0) {
        return;
      }
    }
    assertEquals(0, bytes, () -> "bytes allocated by " + calls + " calls: " + what);
  }

  /** The bytes that {@code calls} calls allocate on this thread and those of all pools. */
  public static long of(int calls, Runnable work) {
    var workers =
        Thread.getAllStackTraces().keySet().stream()
            .filter(Worker.class::isInstance)
            .mapToLong(Thread::threadId)
            .toArray();
    var before = Arrays.stream(THREADS.getThreadAllocatedBytes(workers)).sum();
    var start = THREADS.getCurrentThreadAllocatedBytes();
    for (var i = 0; i < calls; i++) {
      work.run();
    }
    var own = THREADS.getCurrentThreadAllocatedBytes() - start;
    return own + Arrays.stream(THREADS.getThreadAllocatedBytes(workers)).sum() - before;
  }
}
