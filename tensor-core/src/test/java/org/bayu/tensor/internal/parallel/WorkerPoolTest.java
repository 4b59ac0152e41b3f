package org.bayu.tensor.internal.parallel;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WorkerPoolTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 17, 64})
  void everyTaskRunsOnceAndItsWritesAreSeen(int threads) {
    try (var pool = new WorkerPool(threads)) {
      for (var tasks : new int[] {0, 1, 2, 5, 64, 1000}) {
        // Plain memory: the end of run() must publish it.
        var runs = new int[tasks];
        for (var repeat = 0; repeat < 20; repeat++) {
          pool.run(tasks, (index, worker) -> runs[index]++);
        }
        for (var count : runs) {
          assertEquals(20, count);
        }
      }
    }
  }

  @Test
  void tasksThatWaitForEachOtherRunOnDifferentWorkers() {
    try (var pool = new WorkerPool(3)) {
      var together = new CountDownLatch(3);
      Set<Integer> workers = ConcurrentHashMap.newKeySet();
      pool.run(
          3,
          (index, worker) -> {
            together.countDown();
            awaitUninterruptibly(together);
            workers.add(worker);
          });
      assertEquals(Set.of(0, 1, 2), workers);
    }
  }

  @Test
  void noTwoTasksRunAtOnceOnOneWorker() {
    try (var pool = new WorkerPool(4)) {
      var busy = new AtomicIntegerArray(4);
      pool.run(
          2000,
          (index, worker) -> {
            assertEquals(1, busy.incrementAndGet(worker));
            Thread.onSpinWait();
            busy.decrementAndGet(worker);
          });
    }
  }

  @Test
  void sleepingThreadsWakeForTheNextRun() throws InterruptedException {
    try (var pool = new WorkerPool(4)) {
      for (var i = 0; i < 3; i++) {
        Thread.sleep(20); // far longer than a thread spins
        var together = new CountDownLatch(4);
        pool.run(
            4,
            (index, worker) -> {
              together.countDown();
              awaitUninterruptibly(together);
            });
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aTasksExceptionReachesTheCallerAndThePoolStaysUsable(int threads) {
    try (var pool = new WorkerPool(threads)) {
      var thrown = new IllegalArgumentException("task 7");
      var caught =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  pool.run(
                      100,
                      (index, worker) -> {
                        if (index == 7) {
                          throw thrown;
                        }
                      }));
      assertSame(thrown, caught);
      assertThrows(
          StackOverflowError.class,
          () ->
              pool.run(
                  2,
                  (index, worker) -> {
                    throw new StackOverflowError();
                  }));
      var done = new AtomicInteger();
      pool.run(10, (index, worker) -> done.incrementAndGet());
      assertEquals(10, done.get());
    }
  }

  @Test
  void aRunInsideATaskStaysOnItsWorker() {
    try (var pool = new WorkerPool(3)) {
      var inner = new AtomicInteger();
      pool.run(
          50,
          (index, worker) ->
              pool.run(
                  4,
                  (innerIndex, innerWorker) -> {
                    assertEquals(worker, innerWorker);
                    inner.incrementAndGet();
                  }));
      assertEquals(200, inner.get());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 8})
  void everyTaskOfVeryManyShortRunsIsDoneByItsOwnRun(int threads) {
    try (var pool = new WorkerPool(threads)) {
      // A thread that comes late must neither do a task of the run that was, nor miss one.
      var counts = new int[2 * threads];
      var current = new AtomicReference<WorkerPool.Task>();
      var foreign = new AtomicInteger();
      var both = new WorkerPool.Task[2];
      for (var i = 0; i < both.length; i++) {
        both[i] =
            new WorkerPool.Task() {
              @Override
              public void run(int index, int worker) {
                if (!equals(current.get())) {
                  foreign.incrementAndGet();
                }
                counts[index]++;
              }
            };
      }
      for (var run = 0; run < 100_000; run++) {
        var tasks = 2 + run % (counts.length - 1);
        current.set(both[run % 2]);
        pool.run(tasks, both[run % 2]);
        for (var i = 0; i < counts.length; i++) {
          assertEquals(i < tasks ? 1 : 0, counts[i], "task " + i + " of run " + run);
          counts[i] = 0;
        }
      }
      assertEquals(0, foreign.get());
    }
  }

  @Test
  void runsThatFailAndRunsInsideTasksMayAlternate() {
    try (var pool = new WorkerPool(4)) {
      var thrown = new IllegalArgumentException();
      for (var run = 0; run < 5_000; run++) {
        var failing = run % 9;
        var inner = new AtomicInteger();
        WorkerPool.Task task =
            (index, worker) -> {
              if (index == failing) {
                throw thrown;
              }
              pool.run(3, (i, w) -> inner.incrementAndGet());
            };
        if (failing < 6) {
          assertSame(thrown, assertThrows(IllegalArgumentException.class, () -> pool.run(6, task)));
          assertTrue(inner.get() <= 15);
        } else {
          pool.run(6, task);
          assertEquals(18, inner.get());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void busyTimeIsThatOfAllThreadsInTasks(int threads) {
    try (var pool = new WorkerPool(threads)) {
      assertEquals(0, pool.busyNanos());
      var spun = new AtomicLong();
      // The inner run is the outer task's time, not a second time.
      WorkerPool.Task inner =
          (index, worker) -> {
            var start = System.nanoTime();
            while (System.nanoTime() - start < 3_000_000) {
              Thread.onSpinWait();
            }
            spun.addAndGet(System.nanoTime() - start);
          };
      var start = System.nanoTime();
      pool.run(4, (index, worker) -> pool.run(2, inner));
      var wall = System.nanoTime() - start;
      var busy = pool.busyNanos();
      assertTrue(busy >= spun.get(), busy + " of " + spun);
      assertTrue(busy <= wall * threads, busy + " in " + wall);
      awaitSleep();
      assertEquals(busy, pool.busyNanos());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void runsAndScratchMemoryOfKnownSizesAllocateNothing(int threads) {
    try (var pool = new WorkerPool(threads)) {
      WorkerPool.Task inner = (index, worker) -> pool.scratch(worker, 100 + index).fill((byte) 1);
      WorkerPool.Task task =
          (index, worker) -> {
            pool.scratch(worker, 1000L * index + 1);
            pool.run(3, inner);
          };
      Consumer<MemorySegment> use = memory -> pool.run(7, task);
      Runnable work =
          () -> {
            pool.run(1, task);
            pool.withScratch(12_345, use);
          };
      HeapAllocation.assertNone(threads + " threads", 1000, work);
    }
  }

  private static void awaitSleep() {
    try {
      Thread.sleep(20); // far longer than a thread spins
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whoHasEnteredKeepsOthersOut() throws InterruptedException {
    try (var pool = new WorkerPool(2)) {
      assertEquals(0, pool.enter());
      assertEquals(0, pool.enter());
      pool.run(2, (index, worker) -> assertEquals(worker, pool.enter()));
      pool.leave(0);
      var refused = new AtomicInteger();
      Runnable enter =
          () -> {
            assertThrows(IllegalStateException.class, pool::enter);
            refused.incrementAndGet();
          };
      var other = new Thread(enter);
      other.start();
      other.join();
      assertEquals(1, refused.get());
      pool.leave(0);
      var later = new Thread(() -> pool.leave(pool.enter()));
      later.start();
      later.join();
    }
  }

  @Test
  void scratchIsAlignedAndDistinctWithinATask() {
    try (var pool = new WorkerPool(2)) {
      pool.run(
          40,
          (index, worker) -> {
            var first = pool.scratch(worker, 100);
            var second = pool.scratch(worker, 8L << index % 14);
            assertEquals(0, first.address() % 64);
            assertEquals(0, second.address() % 64);
            assertEquals(100, first.byteSize());
            first.fill((byte) 1);
            second.fill((byte) 2);
            pool.run(1, (i, w) -> pool.scratch(w, 3000).fill((byte) 3));
            assertEquals(0x0101010101010101L, first.get(JAVA_LONG, 0));
            assertEquals(0x0202020202020202L, second.get(JAVA_LONG, 0));
          });
    }
  }

  @Test
  void equalTasksReuseTheSameScratch() {
    try (var pool = new WorkerPool(1)) {
      var address = new AtomicLong();
      for (var repeat = 0; repeat < 4; repeat++) {
        var first = repeat < 1;
        pool.run(
            1,
            (index, worker) -> {
              pool.scratch(worker, 10_000);
              var second = pool.scratch(worker, 1_000_000);
              if (first) {
                return; // the second block joins the first after this task
              }
              address.compareAndSet(0, second.address());
              assertEquals(address.get(), second.address());
            });
      }
      assertNotEquals(0, address.get());
    }
  }

  @Test
  void lentScratchIsSharedByTheTasksOfARun() {
    try (var pool = new WorkerPool(3)) {
      var workers = new AtomicInteger();
      pool.withScratch(
          8 * 30,
          shared -> {
            pool.run(
                30,
                (index, worker) -> {
                  pool.scratch(worker, 64).fill((byte) -1);
                  shared.set(JAVA_LONG, 8L * index, index);
                });
            for (var i = 0; i < 30; i++) {
              assertEquals(i, shared.get(JAVA_LONG, 8L * i));
            }
            var together = new CountDownLatch(3);
            pool.run(
                3,
                (index, worker) -> {
                  together.countDown();
                  awaitUninterruptibly(together);
                  workers.incrementAndGet();
                });
          });
      assertEquals(3, workers.get());
    }
  }

  @Test
  void scratchOutsideATaskIsRefused() {
    try (var pool = new WorkerPool(1)) {
      assertThrows(IllegalStateException.class, () -> pool.scratch(0, 64));
    }
  }

  @Test
  void aSecondCallingThreadIsRefused() throws InterruptedException {
    try (var pool = new WorkerPool(2)) {
      var message = new AtomicReference<>("not refused");
      pool.run(
          1,
          (index, worker) -> {
            var other =
                new Thread(
                    () -> {
                      var refusal =
                          assertThrows(
                              IllegalStateException.class, () -> pool.run(2, (i, w) -> {}));
                      message.set(refusal.getMessage());
                    });
            other.start();
            joinUninterruptibly(other);
          });
      assertEquals("a device was used by two threads at the same time", message.get());
      var later = new Thread(() -> pool.run(2, (i, w) -> {}));
      later.start();
      later.join();
    }
  }

  @Test
  void closeEndsTheThreadsAndLaterRunsAreRefused() {
    var pool = new WorkerPool(3);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    var together = new CountDownLatch(3);
    pool.run(
        3,
        (index, worker) -> {
          together.countDown();
          awaitUninterruptibly(together);
          threads.add(Thread.currentThread());
        });
    threads.remove(Thread.currentThread());
    assertEquals(2, threads.size());
    assertTrue(threads.stream().allMatch(Thread::isDaemon));
    pool.close();
    pool.close();
    for (var thread : threads) {
      assertFalse(thread.isAlive());
    }
    assertThrows(IllegalStateException.class, () -> pool.run(2, (index, worker) -> {}));
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void joinUninterruptibly(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
