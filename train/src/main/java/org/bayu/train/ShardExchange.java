package org.bayu.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Sends what belongs to the parts of the ranks, bucket by bucket. Part r of an array begins at byte
 * r · stride and ends where the next one begins, or with the array.
 */
final class ShardExchange implements AutoCloseable {
  /** Bytes that are sent at a time, for all parts together. */
  private static final int BUCKET = 4 << 20;

  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final MemorySegment one;
  private final MemorySegment other;

  /** An exchange of several ranks. */
  ShardExchange(Communicator ranks) {
    this.ranks = ranks;
    one = arena.allocate(BUCKET, Tensor.ALIGNMENT);
    other = arena.allocate(BUCKET, Tensor.ALIGNMENT);
  }

  /** Bytes of each part in a bucket. */
  private long slice(long stride) {
    var most = (BUCKET / ranks.size()) & -Tensor.ALIGNMENT;
    return Math.min(most, stride);
  }

  /**
   * Makes this rank's part of an array the sum over all ranks, added in their order. The other
   * parts keep this rank's terms. Collective.
   *
   * @param terms F32
   */
  void reduce(MemorySegment terms, long stride) {
    var size = ranks.size();
    var slice = slice(stride);
    var sent = one.asSlice(0, size * slice);
    var received = other.asSlice(0, size * slice);
    for (var at = 0L; at < stride; at += slice) {
      for (var r = 0; r < size; r++) {
        copy(part(terms, stride, r), at, sent, r * slice, slice);
      }
      ranks.allToAll(sent, received);
      var own = part(terms, stride, ranks.rank());
      var sum = received.asSlice(0, Math.clamp(own.byteSize() - at, 0, slice));
      for (var r = 1; r < size; r++) {
        GradientExchange.add(sum, received.asSlice(r * slice, sum.byteSize()));
      }
      copy(sum, 0, own, at, slice);
    }
  }

  /**
   * Collects the parts of an array. Collective.
   *
   * @param own this rank's part
   * @param whole takes all parts; null where they are not needed
   */
  void gather(MemorySegment own, long stride, @Nullable MemorySegment whole) {
    var size = ranks.size();
    var slice = slice(stride);
    var sent = one.asSlice(0, slice);
    var received = other.asSlice(0, size * slice);
    for (var at = 0L; at < stride; at += slice) {
      copy(own, at, sent, 0, slice);
      ranks.allGather(sent, received);
      if (whole != null) {
        for (var r = 0; r < size; r++) {
          copy(received, r * slice, part(whole, stride, r), at, slice);
        }
      }
    }
  }

  /** A rank's part. */
  private static MemorySegment part(MemorySegment whole, long stride, int rank) {
    var from = Math.min(rank * stride, whole.byteSize());
    return whole.asSlice(from, Math.min(stride, whole.byteSize() - from));
  }

  /** Copies as many bytes as both have, and not more than those of a slice. */
  private static void copy(
      MemorySegment from, long fromAt, MemorySegment to, long toAt, long slice) {
    var bytes = Math.min(slice, Math.min(from.byteSize() - fromAt, to.byteSize() - toAt));
    if (bytes > 0) {
      MemorySegment.copy(from, fromAt, to, toAt, bytes);
    }
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
