package org.bayu.train;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bayu.collectives.Communicator;
import org.jspecify.annotations.Nullable;

/** Ranks that are threads of this process: no launcher, and only what training calls. */
final class ThreadRanks {
  private final CyclicBarrier barrier;
  private final MemorySegment[] shared;
  private final int[] colors;
  private final ThreadRanks[] groups;

  private ThreadRanks(int size) {
    barrier = new CyclicBarrier(size);
    shared = new MemorySegment[size];
    colors = new int[size];
    groups = new ThreadRanks[size];
  }

  /** What each rank's computation returns, in the order of the ranks. */
  static <T> List<T> run(int size, Function<Communicator, T> computation)
      throws InterruptedException, ExecutionException {
    var ranks = new ThreadRanks(size);
    try (var threads = Executors.newFixedThreadPool(size)) {
      var running = new ArrayList<Future<T>>();
      for (var rank = 0; rank < size; rank++) {
        var communicator = ranks.new Rank(rank);
        running.add(threads.submit(() -> communicator.whole(computation)));
      }
      var results = new ArrayList<T>();
      for (var each : running) {
        results.add(each.get());
      }
      return results;
    }
  }

  private final class Rank implements Communicator {
    private final int rank;
    private volatile CompletableFuture<Void> started = CompletableFuture.completedFuture(null);
    private volatile @Nullable Thread communicating;

    private Rank(int rank) {
      this.rank = rank;
    }

    /** A rank that fails lets none wait. */
    private <T> T whole(Function<Communicator, T> computation) {
      try {
        return computation.apply(this);
      } catch (Throwable e) {
        barrier.reset();
        throw e;
      }
    }

    @Override
    public int rank() {
      return rank;
    }

    @Override
    public int size() {
      return shared.length;
    }

    @Override
    public void allGather(MemorySegment part, MemorySegment all) {
      begin();
      shared[rank] = part;
      barrier();
      for (var r = 0; r < size(); r++) {
        all.asSlice(r * part.byteSize(), part.byteSize()).copyFrom(shared[r]);
      }
      barrier();
    }

    @Override
    public void allToAll(MemorySegment sent, MemorySegment received) {
      begin();
      shared[rank] = sent;
      barrier();
      var part = sent.byteSize() / size();
      for (var r = 0; r < size(); r++) {
        received.asSlice(r * part, part).copyFrom(shared[r].asSlice(rank * part, part));
      }
      barrier();
    }

    @Override
    public void allToAll(MemorySegment array, long stride, long at, MemorySegment received) {
      begin();
      shared[rank] = array;
      barrier();
      var length = received.byteSize() / size();
      for (var r = 0; r < size(); r++) {
        var piece = part(shared[r], stride, rank);
        var bytes = r == rank ? 0 : Math.clamp(piece.byteSize() - at, 0, length);
        if (bytes > 0) {
          received.asSlice(r * length, bytes).copyFrom(piece.asSlice(at, bytes));
        }
      }
      barrier();
    }

    @Override
    public void allGather(MemorySegment array, long stride) {
      begin();
      shared[rank] = array;
      barrier();
      for (var r = 0; r < size(); r++) {
        if (r != rank) {
          part(array, stride, r).copyFrom(part(shared[r], stride, r));
        }
      }
      barrier();
    }

    private static MemorySegment part(MemorySegment array, long stride, int rank) {
      var from = Math.min(rank * stride, array.byteSize());
      return array.asSlice(from, Math.min(stride, array.byteSize() - from));
    }

    @Override
    public void barrier() {
      try {
        barrier.await();
      } catch (InterruptedException | BrokenBarrierException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public String description() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Communicator split(int color, int key) {
      begin();
      colors[rank] = color; // keys leave the order as it is
      barrier();
      var before = IntStream.range(0, rank).filter(r -> colors[r] == color).toArray();
      if (before.length == 0) {
        groups[rank] = new ThreadRanks((int) Arrays.stream(colors).filter(c -> c == color).count());
      }
      barrier();
      var group = groups[before.length == 0 ? rank : before[0]];
      barrier();
      return group.new Rank(before.length);
    }

    @Override
    public void allReduce(MemorySegment values) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void reduceScatter(MemorySegment values, MemorySegment part) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void broadcast(MemorySegment bytes, int root) {
      begin();
      shared[rank] = bytes;
      barrier();
      if (rank != root) {
        bytes.copyFrom(shared[root]);
      }
      barrier();
    }

    @Override
    public CompletableFuture<Void> start(Runnable collectives) {
      started =
          done()
              .thenRunAsync(
                  () -> {
                    communicating = Thread.currentThread();
                    collectives.run();
                  });
      return started;
    }

    /** What was started before, whether it failed or not. */
    private CompletableFuture<Void> done() {
      return started.exceptionally(_ -> null);
    }

    /** What was started before comes first. */
    private void begin() {
      if (!Thread.currentThread().equals(communicating)) {
        done().join();
      }
    }

    @Override
    public void abort(int exitCode) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void finish() {
      throw new UnsupportedOperationException();
    }
  }
}
