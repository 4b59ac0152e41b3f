package org.bayu.tensor.internal.parallel;

/** The threads that compute. */
public final class WorkerPool implements AutoCloseable {
  private final int threads;

  /** A pool of {@code threads} threads, the caller's among them. */
  public WorkerPool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be positive: " + threads);
    }
    this.threads = threads;
  }

  /** Work split into numbered tasks. */
  @FunctionalInterface
  public interface Task {
    /**
     * Does task {@code index}.
     *
     * @param worker the number of the thread that runs it, 0 to threads − 1: an index for scratch
     *     memory, nothing that may influence the result
     */
    void run(int index, int worker);
  }

  /** Number of threads. */
  public int threads() {
    return threads;
  }

  /** Scratch memory of worker {@code worker}: aligned, undefined, valid during its task. */
  public java.lang.foreign.MemorySegment scratch(int worker, long bytes) {
    return java.lang.foreign.Arena.ofAuto().allocate(bytes, 64);
  }

  /** Runs tasks 0 to {@code tasks} − 1, each once, and returns when all are done. */
  public void run(int tasks, Task task) {
    for (var i = 0; i < tasks; i++) {
      task.run(i, 0);
    }
  }

  @Override
  public void close() {}
}
