package org.bayu.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.GradientParts;
import org.bayu.tensor.optim.Sums;
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
  private final Device device;
  private final MemorySegment one;
  private final MemorySegment other;

  /** An exchange of several ranks, whose sums are added on a device. */
  ShardExchange(Communicator ranks, Device device) {
    this.ranks = ranks;
    this.device = device;
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
    var slice = slice(stride);
    var received = other.asSlice(0, ranks.size() * slice);
    var own = part(terms, stride, ranks.rank());
    for (var at = 0L; at < stride; at += slice) {
      ranks.allToAll(terms, stride, at, received);
      var bytes = Math.clamp(own.byteSize() - at, 0, slice);
      if (bytes > 0) {
        add(received, slice, own.asSlice(at, bytes));
      }
    }
  }

  /**
   * Adds what all ranks have of this rank's part of an array, slice by slice, on this thread.
   * Collective.
   *
   * @param terms F32; unchanged
   * @param count of the first ranks: the others add nothing
   */
  void add(MemorySegment terms, long stride, int count, GradientParts.Sum sum) {
    var slice = slice(stride);
    var received = other.asSlice(0, ranks.size() * slice);
    var own = part(terms, stride, ranks.rank());
    for (var at = 0L; at < stride; at += slice) {
      ranks.allToAll(terms, stride, at, received);
      var bytes = Math.clamp(own.byteSize() - at, 0, slice);
      for (var r = 0; r < count && bytes > 0; r++) {
        sum.add(r, term(r, received, slice, own.asSlice(at, bytes)), at / Float.BYTES);
      }
    }
  }

  /**
   * Adds up what all ranks have of a slice, in their order.
   *
   * @param own what this rank has of it, and takes the sum
   */
  private void add(MemorySegment received, long slice, MemorySegment own) {
    var last = ranks.size() - 1;
    var sum = term(0, received, slice, own);
    for (var r = 1; r <= last; r++) {
      var term = term(r, received, slice, own);
      // Until the last addition this rank's own term may still be to come.
      var to = r == last ? own : received.asSlice(0, own.byteSize());
      Sums.add(device, sum, term, to);
      sum = to;
    }
  }

  private MemorySegment term(int rank, MemorySegment received, long slice, MemorySegment own) {
    return rank == ranks.rank() ? own : received.asSlice(rank * slice, own.byteSize());
  }

  /** Collects the parts of an array, of which this rank has its own. Collective. */
  void gather(MemorySegment whole, long stride) {
    ranks.allGather(whole, stride);
  }

  /**
   * Collects the parts of an array that lie apart. Collective.
   *
   * @param own this rank's part
   * @param whole takes all parts; null where they are not needed
   */
  void collect(MemorySegment own, long stride, @Nullable MemorySegment whole) {
    var size = ranks.size();
    var slice = slice(stride);
    var sent = one.asSlice(0, slice);
    var received = other.asSlice(0, size * slice);
    for (var at = 0L; at < stride; at += slice) {
      copy(own, at, sent, 0, slice);
      ranks.allGather(sent, received);
      for (var r = 0; r < size && whole != null; r++) {
        copy(received, r * slice, part(whole, stride, r), at, slice);
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
