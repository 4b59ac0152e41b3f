package org.bayu.tensor.internal.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;
import org.jspecify.annotations.Nullable;

/**
 * The run that a pool's threads share, one after another in the same object.
 *
 * <p>One word holds the number of the run and how many of its tasks are unclaimed; a task is
 * claimed by exchanging that word for one less. So whoever claims has claimed of the very run it
 * meant, however late it comes. A run ends, and another may begin, only when all claimed tasks are
 * done: the other fields are those of the run as long as one holds a claim, and are read then
 * alone.
 */
final class SharedRun {
  /** Instead of a run's number: there is nothing to claim. */
  static final long NONE = -1;

  /** Looks for the last task's end this often before sleeping: some tens of microseconds. */
  private static final int SPINS = 1000;

  private static final Task NO_TASK = (index, worker) -> {};

  private final WorkerPool pool;
  private final AtomicLong numberAndUnclaimed = new AtomicLong();
  private final AtomicInteger undone = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private int tasks;
  private Task task = NO_TASK;

  SharedRun(WorkerPool pool) {
    this.pool = pool;
  }

  /** Offers tasks, at least one; returns the run's number. Only after the last run's end. */
  long begin(int tasks, Task task) {
    this.tasks = tasks;
    this.task = task;
    undone.set(tasks);
    var number = ((numberAndUnclaimed.get() >>> 32) + 1) & Integer.MAX_VALUE;
    numberAndUnclaimed.set((number << 32) | tasks);
    return number;
  }

  /** The number of the run that has unclaimed tasks, or {@link #NONE}. */
  long claimable() {
    var word = numberAndUnclaimed.get();
    return (int) word > 0 ? word >>> 32 : NONE;
  }

  /** Tasks of the run, or of one that has begun since. */
  int tasks() {
    return tasks;
  }

  /**
   * The index of a task of run {@code number}, now the caller's to do; negative if none is left.
   */
  private int claim(long number) {
    var word = numberAndUnclaimed.get();
    while (word >>> 32 == number && (int) word > 0) {
      if (numberAndUnclaimed.compareAndSet(word, word - 1)) {
        return tasks - (int) word;
      }
      word = numberAndUnclaimed.get();
    }
    return -1;
  }

  /** Does tasks of run {@code number} until none is unclaimed. */
  @SuppressWarnings("CatchingUnchecked") // whatever a task throws belongs to the caller
  void work(long number, int worker) {
    var index = claim(number);
    if (index < 0) {
      return;
    }
    var start = System.nanoTime();
    var done = 0;
    do {
      if (failure.get() == null) {
        try {
          pool.runTask(task, index, worker);
        } catch (Throwable t) {
          failure.compareAndSet(null, t);
        }
      }
      done++;
      index = claim(number);
    } while (index >= 0);
    pool.addBusy(worker, System.nanoTime() - start);
    if (undone.addAndGet(-done) == 0 && worker != 0) {
      pool.wakeCaller();
    }
  }

  /** Ends the run: waits for its last task and throws what the first that failed threw. */
  void await() {
    for (var i = 0; undone.get() > 0; i++) {
      if (i < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.park(this);
      }
    }
    task = NO_TASK;
    var thrown = failure.getAndSet(null);
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown instanceof RuntimeException exception) {
      throw exception;
    }
  }
}
