package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.TensorParallel;

/**
 * Adds over the processes that hold a model together, bucket by bucket: each gets a slice of what
 * all have, and adds it in the order of the ranks, in F32; then the slices are collected. So all
 * have the same bits.
 */
public final class GroupSum implements TensorParallel.Sum, AutoCloseable {
  /** Numbers that are sent at a time, by all processes together. */
  private static final int BUCKET = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final MemorySegment sent;
  private final MemorySegment received;
  private final MemorySegment sums;

  /** A sum over several processes, which remain the caller's. */
  public GroupSum(Communicator ranks) {
    this.ranks = ranks;
    sent = arena.allocate((long) BUCKET * Float.BYTES, Tensor.ALIGNMENT);
    received = arena.allocate((long) BUCKET * Float.BYTES, Tensor.ALIGNMENT);
    sums = arena.allocate((long) BUCKET * Float.BYTES, Tensor.ALIGNMENT);
  }

  @Override
  public void add(Tensor terms) {
    var size = ranks.size();
    var data = terms.data();
    var bytes = terms.dtype().bytes();
    var slice = bytes * Math.min(BUCKET / size, Math.ceilDiv(terms.elements(), (long) size));
    var all = slice * size;
    for (var at = 0L; at < data.byteSize(); at += all) {
      var now = Math.min(all, data.byteSize() - at);
      MemorySegment.copy(data, at, sent, 0, now); // behind it is what does not matter
      ranks.allToAll(sent.asSlice(0, all), received.asSlice(0, all));
      ranks.allGather(sum(terms.dtype(), slice), sums.asSlice(0, all));
      MemorySegment.copy(sums, 0, data, at, now);
    }
  }

  /** The sum of this process's slice. */
  private MemorySegment sum(DType type, long slice) {
    var sum = received.asSlice(0, slice);
    switch (type) {
      case F32 -> {
        for (var r = 1; r < ranks.size(); r++) {
          GradientExchange.add(sum, received.asSlice(r * slice, slice));
        }
      }
      case BF16 -> {
        for (var i = 0L; i < slice; i += Short.BYTES) {
          var total = 0f;
          for (var r = 0; r < ranks.size(); r++) {
            total += BFloat16.toFloat(received.get(JAVA_SHORT, r * slice + i));
          }
          sum.set(JAVA_SHORT, i, BFloat16.fromFloat(total));
        }
      }
      default -> throw new IllegalArgumentException("a sum of " + type);
    }
    return sum;
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
