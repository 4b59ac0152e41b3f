package org.bayu.tensor.internal.parallel;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;

/** Counts the bytes that threads allocate on the heap. */
public final class HeapAllocation {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * How long code may take to become warm: some seconds, or many times that beside other work. Only
   * a test that fails waits for all of it.
   */
  public static final long WARM_UP_NANOS = 60_000_000_000L;

  private HeapAllocation() {}

  /**
   * Asserts that {@code work} allocates nothing once it is warm, neither on this thread nor on
   * those of any pool: that {@code calls} calls one after the other allocate no byte.
   *
   * <p>The JVM may allocate on the thread that runs, once, where it links a call or compiles: so
   * there are more rounds, of which one must allocate nothing. An allocation in each call, or in
   * each hundredth, is in every round.
   */
  public static void assertNone(String what, int calls, Runnable work) {
    var start = System.nanoTime();
    var bytes = of(calls, work);
    while (bytes > 0 && System.nanoTime() - start < WARM_UP_NANOS) {
      bytes = of(calls, work);
    }
    if (bytes > 0) {
      throw new AssertionError(
          String.format(Locale.ROOT, "%s: %d calls allocate %d bytes", what, calls, bytes));
    }
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
