package org.bayu.tensor.internal.parallel;

import java.util.concurrent.locks.LockSupport;

/** A thread of a pool that waits for runs. */
final class Worker extends Thread {
  /** Looks for a run this often before sleeping: some tens of microseconds. */
  private static final int SPINS = 1000;

  private final WorkerPool pool;
  private final SharedRun run;
  private final int number;
  private volatile boolean asleep;

  Worker(WorkerPool pool, SharedRun run, int number) {
    super("bayu-worker-" + number);
    this.pool = pool;
    this.run = run;
    this.number = number;
    setDaemon(true);
  }

  boolean isOf(WorkerPool pool) {
    return this.pool == pool;
  }

  int number() {
    return number;
  }

  void wake() {
    if (asleep) {
      LockSupport.unpark(this);
    }
  }

  @Override
  public void run() {
    var claimable = awaitRun();
    while (!pool.isClosed()) {
      pool.wakeBelow(number, run.tasks());
      run.work(claimable, number);
      claimable = awaitRun();
    }
  }

  /** The number of a run that has unclaimed tasks; none when the pool closes. */
  private long awaitRun() {
    for (var i = 0; i < SPINS; i++) {
      var claimable = run.claimable();
      if (claimable != SharedRun.NONE || pool.isClosed()) {
        return claimable;
      }
      Thread.onSpinWait();
    }
    asleep = true;
    try {
      var claimable = run.claimable();
      while (claimable == SharedRun.NONE && !pool.isClosed()) {
        LockSupport.park(pool);
        claimable = run.claimable();
      }
      return claimable;
    } finally {
      asleep = false;
    }
  }
}
