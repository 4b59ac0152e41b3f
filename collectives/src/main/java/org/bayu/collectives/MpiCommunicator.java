package org.bayu.collectives;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Processes that MPI connects. What is sent goes in buckets: they stay in the caches, and MPI
 * counts in {@code int}.
 */
final class MpiCommunicator implements Communicator {
  /** 16 buckets of this size take half the time of all at once, and one is long enough. */
  private static final int BUCKET = 4 << 20;

  private final CommunicationThread thread;
  private final Mpi mpi;
  private final long handle;
  private final int rank;
  private final int size;
  private @Nullable MemorySegment staging;
  private @Nullable MpiPieces pieces;

  private MpiCommunicator(CommunicationThread thread, Mpi mpi, long handle) {
    this.thread = thread;
    this.mpi = mpi;
    this.handle = handle;
    rank = mpi.rank(handle);
    size = mpi.size(handle);
  }

  /** Starts MPI; of all processes. */
  static Communicator world(Launcher launcher) {
    var thread = new CommunicationThread();
    var mpi = thread.begin(launcher);
    return thread.call(() -> new MpiCommunicator(thread, mpi, mpi.abi().world()));
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public String description() {
    return size + " processes, " + mpi.version();
  }

  @Override
  public Communicator split(int color, int key) {
    Segments.requireColor(color);
    return thread.call(() -> new MpiCommunicator(thread, mpi, mpi.split(handle, color, key)));
  }

  @Override
  public void allReduce(MemorySegment values) {
    Segments.requireFloats(values);
    Segments.requireWritable(values);
    inBuckets(values, bucket -> mpi.allReduce(bucket, handle));
  }

  @Override
  public void broadcast(MemorySegment bytes, int root) {
    Segments.requireBytes(bytes);
    Segments.requireRank(root, size);
    if (rank != root) {
      Segments.requireWritable(bytes);
    }
    inBuckets(bytes, bucket -> mpi.broadcast(bucket, root, handle));
  }

  private void inBuckets(MemorySegment bytes, Consumer<MemorySegment> collective) {
    run(
        () -> {
          for (var at = 0L; at < bytes.byteSize(); at += BUCKET) {
            collective.accept(slice(bytes, at, BUCKET));
          }
        });
  }

  @Override
  public void allToAll(MemorySegment sent, MemorySegment received) {
    Segments.requireBytes(sent);
    Segments.requireBytes(received);
    Segments.requireWritable(received);
    Segments.requireExchange(sent, received, size);
    var part = sent.byteSize() / size;
    run(
        () -> {
          if (part <= piece()) { // one bucket, which lies as MPI wants it
            mpi.allToAll(sent, received, size, handle);
            return;
          }
          for (var at = 0L; at < part; at += piece()) {
            var bytes = Math.min(piece(), part - at);
            var out = staging().asSlice(0, bytes * size);
            var in = staging().asSlice((long) piece() * size, bytes * size);
            for (var r = 0; r < size; r++) {
              piece(out, r, 0, bytes, bytes).copyFrom(piece(sent, r, at, part, bytes));
            }
            mpi.allToAll(out, in, size, handle);
            for (var r = 0; r < size; r++) {
              piece(received, r, at, part, bytes).copyFrom(piece(in, r, 0, bytes, bytes));
            }
          }
        });
  }

  @Override
  public void allToAll(MemorySegment array, long stride, long at, MemorySegment received) {
    Segments.requirePieces(array, stride, at, received, size);
    run(() -> pieces().exchange(array, stride, at, received));
  }

  @Override
  public void allGather(MemorySegment array, long stride) {
    Segments.requireStride(array, stride, size);
    Segments.requireWritable(array);
    run(
        () -> {
          for (var at = 0L; at < stride; at += piece()) {
            pieces().collect(array, stride, at, piece());
          }
        });
  }

  /** Of the thread that communicates. */
  private MpiPieces pieces() {
    var made = pieces;
    if (made == null) {
      made = new MpiPieces(mpi, handle, rank, size);
      pieces = made;
    }
    return made;
  }

  @Override
  public void reduceScatter(MemorySegment values, MemorySegment part) {
    Segments.requireFloats(values);
    Segments.requireFloats(part);
    Segments.requireWritable(part);
    Segments.requireParts(part, values, size);
    run(
        () -> {
          for (var at = 0L; at < part.byteSize(); at += piece()) {
            var sums = slice(part, at, piece());
            var all = staging().asSlice(0, sums.byteSize() * size);
            for (var r = 0; r < size; r++) {
              piece(all, r, 0, sums.byteSize(), sums.byteSize())
                  .copyFrom(piece(values, r, at, part.byteSize(), sums.byteSize()));
            }
            mpi.reduceScatter(all, sums, handle);
          }
        });
  }

  @Override
  public void allGather(MemorySegment part, MemorySegment all) {
    Segments.requireBytes(part);
    Segments.requireBytes(all);
    Segments.requireWritable(all);
    Segments.requireParts(part, all, size);
    run(
        () -> {
          if (part.byteSize() <= piece()) {
            mpi.allGather(part, all, handle);
            return;
          }
          for (var at = 0L; at < part.byteSize(); at += piece()) {
            var own = slice(part, at, piece());
            var collected = staging().asSlice(0, own.byteSize() * size);
            mpi.allGather(own, collected, handle);
            for (var r = 0; r < size; r++) {
              piece(all, r, at, part.byteSize(), own.byteSize())
                  .copyFrom(piece(collected, r, 0, own.byteSize(), own.byteSize()));
            }
          }
        });
  }

  /** From {@code at} of a rank's part of {@code partBytes}. */
  private static MemorySegment piece(
      MemorySegment parts, int rank, long at, long partBytes, long bytes) {
    return parts.asSlice(rank * partBytes + at, bytes);
  }

  /** How many bytes of each rank make a bucket, whole F32 numbers. */
  private int piece() {
    return Math.max(BUCKET / size / Float.BYTES, 1) * Float.BYTES;
  }

  /** Two buckets with pieces of all ranks; of the thread that communicates. */
  private MemorySegment staging() {
    var memory = staging;
    if (memory == null) {
      memory = Arena.ofAuto().allocate(2L * piece() * size, 64);
      staging = memory;
    }
    return memory;
  }

  private static MemorySegment slice(MemorySegment segment, long at, int most) {
    return segment.asSlice(at, Math.min(most, segment.byteSize() - at));
  }

  @Override
  public void barrier() {
    run(() -> mpi.barrier(handle));
  }

  @Override
  public CompletableFuture<Void> start(Runnable collectives) {
    return thread.queue(collectives);
  }

  private void run(Runnable action) {
    thread.call(
        () -> {
          action.run();
          return true;
        });
  }

  @Override
  public void abort(int exitCode) {
    thread.abort(mpi, exitCode);
  }

  @Override
  public void finish() {
    if (handle == mpi.abi().world()) {
      thread.end(mpi);
    } else {
      run(() -> mpi.free(handle));
    }
  }
}
