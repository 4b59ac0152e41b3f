package org.bayu.tensor.internal.parallel;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The threads that compute, the caller's among them, and their scratch memory.
 *
 * <p>A run's tasks are claimed one by one by whichever thread is free, so tasks may be uneven; a
 * result must not depend on who ran what. A thread without work spins for some microseconds and
 * then sleeps.
 *
 * <p>One thread at a time may use a pool. A task may call {@link #run}, whose tasks then run one
 * after the other on that task's thread. Nothing here allocates on the heap but scratch memory of a
 * size that is new.
 */
public final class WorkerPool implements AutoCloseable {
  /** From one thread's time to the next: two cache lines, which processors fetch together. */
  private static final int BUSY_STRIDE = 16;

  private final SharedRun run = new SharedRun(this);
  private final Worker[] workers;
  private final Scratch[] scratch;
  private final AtomicLongArray busyNanos;
  private final AtomicReference<@Nullable Thread> caller = new AtomicReference<>();

  /** How often the caller's thread has entered; only that thread looks. */
  private int entered;

  /** Whether the caller's thread is inside a task; only that thread looks. */
  private boolean callerInTask;

  private volatile boolean closed;

  /** Lent and the most lent at one time, of an idle pool. */
  private long lentBytes;

  private long mostLentBytes;
  private final boolean idle;

  /** A pool of {@code threads} threads, the caller's among them. */
  public WorkerPool(int threads) {
    this(threads, false);
  }

  private WorkerPool(int threads, boolean idle) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be positive: " + threads);
    }
    this.idle = idle;
    scratch = new Scratch[threads];
    for (var i = 0; i < threads; i++) {
      scratch[i] = new Scratch();
    }
    busyNanos = new AtomicLongArray((threads + 1) * BUSY_STRIDE);
    workers = new Worker[idle ? 0 : threads - 1];
    for (var i = 0; i < workers.length; i++) {
      workers[i] = new Worker(this, run, i + 1);
    }
    try {
      for (var worker : workers) {
        worker.start();
      }
    } catch (Throwable e) { // the system gives no more threads: end those that began
      close();
      throw e;
    }
  }

  /** A pool that runs no task and lends no memory, but counts what was to be lent. */
  public static WorkerPool idle(int threads) {
    return new WorkerPool(threads, true);
  }

  /** Whether no task is run. */
  public boolean isIdle() {
    return idle;
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
    return scratch.length;
  }

  /**
   * Nanoseconds that the threads have spent in tasks since the pool was made, of all threads
   * together; a run inside a task counts as that task. Read between runs it is exact.
   */
  public long busyNanos() {
    var sum = 0L;
    for (var i = 1; i <= threads(); i++) {
      sum += busyNanos.getAcquire(i * BUSY_STRIDE);
    }
    return sum;
  }

  void addBusy(int worker, long nanos) {
    var index = (worker + 1) * BUSY_STRIDE;
    busyNanos.setRelease(index, busyNanos.getPlain(index) + nanos);
  }

  /**
   * Makes the calling thread the one that uses this pool until it {@linkplain #leave leaves}. A
   * thread may enter again; inside a task it has entered.
   *
   * @return the thread's number: 0 but in the tasks of other threads
   * @throws IllegalStateException if the pool is closed or in use by another thread
   */
  public int enter() {
    var self = Thread.currentThread();
    if (self instanceof Worker worker && worker.isOf(this)) {
      return worker.number();
    }
    if (!self.equals(caller.get()) && !caller.compareAndSet(null, self)) {
      throw new IllegalStateException("a device was used by two threads at the same time");
    }
    entered++;
    if (closed) {
      leave(0);
      throw new IllegalStateException("the device is closed");
    }
    return 0;
  }

  /** Ends what {@link #enter} began, given what it returned. */
  public void leave(int worker) {
    if (worker == 0 && --entered == 0) {
      caller.set(null);
    }
  }

  /**
   * Runs tasks 0 to {@code tasks} − 1, each once, and returns when all are done. What they wrote is
   * visible to the caller.
   *
   * <p>If a task throws, tasks not yet begun are left out and the first exception is thrown here.
   *
   * @throws IllegalStateException if the pool is closed or in use by another thread
   */
  public void run(int tasks, Task task) {
    if (idle) {
      return;
    }
    var self = enter();
    try {
      if (self != 0 || callerInTask) {
        runInline(tasks, task, self);
      } else {
        runOutside(tasks, task);
      }
    } finally {
      leave(self);
    }
  }

  private void runOutside(int tasks, Task task) {
    callerInTask = true;
    try {
      if (threads() == 1 || tasks <= 1) {
        var start = System.nanoTime();
        try {
          runInline(tasks, task, 0);
        } finally {
          addBusy(0, System.nanoTime() - start);
        }
      } else {
        var number = run.begin(tasks, task);
        wakeBelow(0, tasks);
        run.work(number, 0);
        run.await();
      }
    } finally {
      callerInTask = false;
    }
  }

  private void runInline(int tasks, Task task, int worker) {
    for (var i = 0; i < tasks; i++) {
      runTask(task, i, worker);
    }
  }

  void runTask(Task task, int index, int worker) {
    var mark = scratch[worker].open();
    try {
      task.run(index, worker);
    } finally {
      scratch[worker].close(mark);
    }
  }

  /**
   * Memory for the running task, 64-byte aligned, of undefined contents, valid until the task
   * returns. Each call gives other memory; it is reused by the tasks that follow.
   *
   * @param worker the number that the task was given
   */
  public MemorySegment scratch(int worker, long bytes) {
    return scratch[worker].allocate(bytes);
  }

  /**
   * Lends {@code use} memory, 64-byte aligned, of undefined contents, until it returns: for what
   * the tasks of a run share. May be called outside and inside tasks.
   */
  public void withScratch(long bytes, Consumer<MemorySegment> use) {
    if (idle) {
      lentBytes += bytes;
      mostLentBytes = Math.max(mostLentBytes, lentBytes);
      use.accept(MemorySegment.NULL);
      lentBytes -= bytes;
      return;
    }
    var self = enter();
    var mark = scratch[self].open();
    try {
      use.accept(scratch[self].allocate(bytes));
    } finally {
      scratch[self].close(mark);
      leave(self);
    }
  }

  /** Scratch memory that is held; of an idle pool the most that was to be lent at one time. */
  public long scratchBytes() {
    var held = mostLentBytes;
    for (var each : scratch) {
      held += each.heldBytes();
    }
    return held;
  }

  /** Wakes two sleepers, who wake two each: a hundred threads must not wait for one to call all. */
  void wakeBelow(int number, int tasks) {
    for (var child = 2 * number + 1; child <= 2 * number + 2; child++) {
      if (child < Math.min(threads(), tasks)) {
        workers[child - 1].wake();
      }
    }
  }

  /** Wakes the caller, who may wait for the last task's end; one that does not is not disturbed. */
  void wakeCaller() {
    LockSupport.unpark(caller.get());
  }

  boolean isClosed() {
    return closed;
  }

  /** Ends the threads and frees their scratch memory. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (var worker : workers) {
      LockSupport.unpark(worker);
    }
    var interrupted = false;
    for (var worker : workers) {
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    for (var each : scratch) {
      each.release();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
