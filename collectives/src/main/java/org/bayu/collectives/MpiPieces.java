package org.bayu.collectives;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Pieces of an array's parts, sent from where they lie and brought where they belong. MPI counts in
 * {@code int}, so where it can, it is told of elements of four bytes: it only moves them.
 *
 * <p>Of the thread that communicates.
 */
final class MpiPieces {
  private final Mpi mpi;
  private final long communicator;
  private final int rank;
  private final int size;
  private final MemorySegment counts;
  private final MemorySegment places;
  private final MemorySegment sentCounts;
  private final MemorySegment sentPlaces;

  MpiPieces(Mpi mpi, long communicator, int rank, int size) {
    this.mpi = mpi;
    this.communicator = communicator;
    this.rank = rank;
    this.size = size;
    var arena = Arena.ofAuto();
    counts = arena.allocate(JAVA_INT, size);
    places = arena.allocate(JAVA_INT, size);
    sentCounts = arena.allocate(JAVA_INT, size);
    sentPlaces = arena.allocate(JAVA_INT, size);
  }

  /** As {@link Communicator#allToAll(MemorySegment, long, long, MemorySegment)}. */
  void exchange(MemorySegment array, long stride, long at, MemorySegment received) {
    var length = received.byteSize() / size;
    var element = element(array.byteSize() | stride | at | length);
    var own = bytes(array, stride, rank, at, length);
    for (var r = 0; r < size; r++) {
      var isOther = r != rank;
      set(sentCounts, r, isOther ? bytes(array, stride, r, at, length) : 0, element);
      set(sentPlaces, r, isOther ? place(array, stride, r, at) : 0, element);
      set(counts, r, isOther ? own : 0, element);
      set(places, r, r * length, element);
    }
    mpi.allToAll(
        array, sentCounts, sentPlaces, received, counts, places, type(element), communicator);
  }

  /** Collects a piece of each part of an array in it. */
  void collect(MemorySegment array, long stride, long at, long length) {
    var element = element(array.byteSize() | stride | at | length);
    for (var r = 0; r < size; r++) {
      set(counts, r, bytes(array, stride, r, at, length), element);
      set(places, r, place(array, stride, r, at), element);
    }
    mpi.allGather(array, counts, places, type(element), communicator);
  }

  /** Bytes of an element by which all of these can be divided, which are combined by "or". */
  private static int element(long bytes) {
    return bytes % Float.BYTES == 0 ? Float.BYTES : 1;
  }

  private long type(int element) {
    return element == 1 ? mpi.abi().bytes() : mpi.abi().floats();
  }

  private static void set(MemorySegment list, int rank, long bytes, int element) {
    list.setAtIndex(JAVA_INT, rank, Math.toIntExact(bytes / element));
  }

  /** Where a rank's piece begins. */
  private static long place(MemorySegment array, long stride, int rank, long at) {
    return Math.min(rank * stride + at, array.byteSize());
  }

  /** How long it is. */
  private static long bytes(MemorySegment array, long stride, int rank, long at, long length) {
    var end = Math.min((rank + 1) * stride, array.byteSize());
    return Math.clamp(end - (rank * stride + at), 0, length);
  }
}
