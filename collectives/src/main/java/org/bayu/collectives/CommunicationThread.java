package org.bayu.collectives;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * The one thread of a process that calls MPI, from its start to its end. What is queued for it runs
 * in the order in which it came.
 *
 * <p>As long as MPI has not been {@linkplain #end ended}, the end of the JVM is a failure: the
 * process halts with {@link #NOT_FINISHED}. For with exit code 0 MPICH's launcher would take it for
 * success while the other ranks wait.
 */
final class CommunicationThread {
  /** The exit code of a process that ended without saying so to the other ranks. */
  static final int NOT_FINISHED = 70;

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("bayu-communication").daemon().factory());
  private final Thread hook = new Thread(() -> Runtime.getRuntime().halt(NOT_FINISHED));
  private volatile boolean isEnding;
  private final Thread thread =
      CompletableFuture.supplyAsync(Thread::currentThread, executor).join();

  /** Loads and starts MPI. */
  Mpi begin(Launcher launcher) {
    return call(
        () -> {
          var started = start(launcher);
          Runtime.getRuntime().addShutdownHook(hook);
          return started;
        });
  }

  private static Mpi start(Launcher launcher) {
    MpiLibrary.requireLinux();
    try {
      var actions = SignalActions.current();
      var symbols = MpiLibrary.load(launcher);
      var mpi = new Mpi(symbols, MpiAbi.of(symbols));
      if (!launcher.fits(mpi.abi())) {
        throw new CommunicatorException(
            "%s, but the MPI library found is %s. Use the launcher of the same implementation, or set %s to the launcher's library."
                .formatted(launcher.place(), mpi.version(), Launcher.LIBRARY));
      }
      mpi.init();
      actions.restore();
      var size = mpi.size(mpi.abi().world());
      if (launcher.size() > 0 && launcher.size() != size) {
        throw new CommunicatorException(
            "%s, but the MPI library (%s) knows of %s. Use the launcher of the same implementation; with Slurm, try srun --mpi=pmix or --mpi=pmi2."
                .formatted(launcher.place(), mpi.version(), size));
      }
      return mpi;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e); // method handles declare what C functions cannot throw
    }
  }

  /** Runs {@code action} after all that was queued before, and waits for it. */
  <T> T call(Supplier<T> action) {
    if (Thread.currentThread().equals(thread)) {
      return action.get();
    }
    try {
      return CompletableFuture.supplyAsync(action, executor).join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw e;
      }
    }
  }

  /** Queues {@code action}. */
  CompletableFuture<Void> queue(Runnable action) {
    return CompletableFuture.runAsync(action, executor);
  }

  /** Ends MPI. */
  void end(Mpi started) {
    call(
        () -> {
          isEnding = true;
          started.end();
          Runtime.getRuntime().removeShutdownHook(hook);
          return true;
        });
    executor.shutdown();
  }

  /**
   * Ends the processes of all ranks, now: not after what is queued, which may wait for ever. MPI
   * that has ended cannot do that, and would choose another exit code.
   */
  void abort(Mpi mpi, int exitCode) {
    if (!isEnding) {
      Thread.ofPlatform().daemon().start(() -> haltLater(exitCode));
      mpi.abort(exitCode);
    }
    Runtime.getRuntime().halt(exitCode);
  }

  private static void haltLater(int exitCode) {
    try {
      Thread.sleep(PATIENCE);
    } catch (InterruptedException e) {
      // then at once
    }
    Runtime.getRuntime().halt(exitCode);
  }
}
