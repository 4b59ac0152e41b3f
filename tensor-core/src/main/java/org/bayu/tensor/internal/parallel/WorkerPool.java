package org.bayu.tensor.internal.parallel;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
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
 * after the other on that task's thread.
 */
public final class WorkerPool implements AutoCloseable {
  /** Looks at the job this often before sleeping: some tens of microseconds. */
  private static final int SPINS = 1000;

  private final Worker[] workers;
  private final Scratch[] scratch;
  private final AtomicReference<@Nullable Thread> caller = new AtomicReference<>();

  /** Whether the caller's thread is inside a task; only that thread looks. */
  private boolean callerInTask;

  private volatile @Nullable Job job;
  private volatile boolean closed;

  /** A pool of {@code threads} threads, the caller's among them. */
  public WorkerPool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be positive: " + threads);
    }
    scratch = new Scratch[threads];
    for (var i = 0; i < threads; i++) {
      scratch[i] = new Scratch();
    }
    workers = new Worker[threads - 1];
    for (var i = 0; i < workers.length; i++) {
      workers[i] = new Worker(this, i + 1);
    }
    for (var worker : workers) {
      worker.start();
    }
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
   * Runs tasks 0 to {@code tasks} − 1, each once, and returns when all are done. What they wrote is
   * visible to the caller.
   *
   * <p>If a task throws, tasks not yet begun are left out and the first exception is thrown here.
   *
   * @throws IllegalStateException if the pool is closed or in use by another thread
   */
  public void run(int tasks, Task task) {
    var self = Thread.currentThread();
    if (self instanceof Worker worker && worker.pool == this) {
      runInline(tasks, task, worker.number);
    } else if (self.equals(caller.get()) && callerInTask) {
      runInline(tasks, task, 0);
    } else if (threads() == 1 || tasks <= 1) {
      withCaller(self, () -> asCaller(() -> runInline(tasks, task, 0)));
    } else {
      withCaller(self, () -> runTogether(tasks, task, self));
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
    var self = Thread.currentThread();
    if (self instanceof Worker worker && worker.pool == this) {
      lend(scratch[worker.number], bytes, use);
    } else {
      withCaller(self, () -> lend(scratch[0], bytes, use));
    }
  }

  private static void lend(Scratch scratch, long bytes, Consumer<MemorySegment> use) {
    var mark = scratch.open();
    try {
      use.accept(scratch.allocate(bytes));
    } finally {
      scratch.close(mark);
    }
  }

  private void withCaller(Thread self, Runnable body) {
    var nested = self.equals(caller.get());
    if (!nested && !caller.compareAndSet(null, self)) {
      throw new IllegalStateException("a device was used by two threads at the same time");
    }
    try {
      if (closed) {
        throw new IllegalStateException("the device is closed");
      }
      body.run();
    } finally {
      if (!nested) {
        caller.set(null);
      }
    }
  }

  private void asCaller(Runnable tasks) {
    callerInTask = true;
    try {
      tasks.run();
    } finally {
      callerInTask = false;
    }
  }

  private void runInline(int tasks, Task task, int worker) {
    for (var i = 0; i < tasks; i++) {
      runTask(task, i, worker);
    }
  }

  private void runTogether(int tasks, Task task, Thread self) {
    var mine = new Job(tasks, task, self);
    job = mine;
    wakeBelow(0, tasks);
    asCaller(() -> mine.work(this, 0));
    mine.await();
    job = null;
    var failure = mine.failure.get();
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
  }

  private void runTask(Task task, int index, int worker) {
    var mark = scratch[worker].open();
    try {
      task.run(index, worker);
    } finally {
      scratch[worker].close(mark);
    }
  }

  /** Wakes two sleepers, who wake two each: a hundred threads must not wait for one to call all. */
  private void wakeBelow(int number, int tasks) {
    for (var child = 2 * number + 1; child <= 2 * number + 2; child++) {
      if (child < Math.min(threads(), tasks) && workers[child - 1].asleep) {
        LockSupport.unpark(workers[child - 1]);
      }
    }
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

  /** One run: a counter of claims, a counter of what is left. */
  private static final class Job {
    private final int tasks;
    private final Task task;
    private final Thread caller;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger left;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Job(int tasks, Task task, Thread caller) {
      this.tasks = tasks;
      this.task = task;
      this.caller = caller;
      this.left = new AtomicInteger(tasks);
    }

    /** Does tasks until none is unclaimed. */
    @SuppressWarnings("CatchingUnchecked") // whatever a task throws belongs to the caller
    void work(WorkerPool pool, int worker) {
      for (var index = next.getAndIncrement(); index < tasks; index = next.getAndIncrement()) {
        if (failure.get() == null) {
          try {
            pool.runTask(task, index, worker);
          } catch (Throwable t) {
            failure.compareAndSet(null, t);
          }
        }
        if (left.decrementAndGet() == 0 && worker != 0) {
          LockSupport.unpark(caller);
        }
      }
    }

    void await() {
      for (var i = 0; left.get() > 0; i++) {
        if (i < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
      }
    }
  }

  /** A thread that waits for jobs. */
  private static final class Worker extends Thread {
    private final WorkerPool pool;
    private final int number;
    private volatile boolean asleep;

    Worker(WorkerPool pool, int number) {
      super("bayu-worker-" + number);
      this.pool = pool;
      this.number = number;
      setDaemon(true);
    }

    @Override
    public void run() {
      @Nullable Job last = null;
      while (true) {
        var job = awaitOther(last);
        if (pool.closed) {
          return;
        }
        if (job != null) {
          pool.wakeBelow(number, job.tasks);
          job.work(pool, number);
        }
        last = job;
      }
    }

    /** The next job, not {@code last}; null when there is none, or when the pool closes. */
    private @Nullable Job awaitOther(@Nullable Job last) {
      for (var i = 0; i < SPINS; i++) {
        var job = pool.job;
        if ((job != null && job != last) || pool.closed) {
          return job;
        }
        Thread.onSpinWait();
      }
      asleep = true;
      try {
        var job = pool.job;
        while ((job == null || job == last) && !pool.closed) {
          LockSupport.park(pool);
          job = pool.job;
        }
        return job;
      } finally {
        asleep = false;
      }
    }
  }
}
