package org.bayu.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
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
  private final Device device;
  private final MemorySegment received = bucket();
  private final MemorySegment slice = bucket();
  private final MemorySegment last = bucket();

  /**
   * A sum over several processes.
   *
   * @param ranks remain the caller's
   * @param device adds; remains the caller's
   */
  public GroupSum(Communicator ranks, Device device) {
    this.ranks = ranks;
    this.device = device;
  }

  private MemorySegment bucket() {
    return arena.allocate((long) BUCKET * Float.BYTES, Tensor.ALIGNMENT);
  }

  @Override
  public void add(Tensor terms) {
    var size = ranks.size();
    var data = terms.data();
    var type = terms.dtype();
    var elements = Math.min(BUCKET / size, Math.ceilDiv(terms.elements(), (long) size));
    var all = size * elements * type.bytes();
    var parts = Tensor.of(received.asSlice(0, all), type, Shape.of(size, elements));
    var own = Tensor.of(slice.asSlice(0, all / size), type, Shape.of(elements));
    for (var at = 0L; at < data.byteSize(); at += all) {
      var left = Math.min(all, data.byteSize() - at);
      // Behind what is left is what does not matter.
      var bucket = left < all ? last.asSlice(0, all) : data.asSlice(at, all);
      if (left < all) {
        MemorySegment.copy(data, at, bucket, 0, left);
      }
      ranks.allToAll(bucket, parts.data());
      TensorParallel.sumOfRows(device, parts, own);
      ranks.allGather(own.data(), bucket);
      if (left < all) {
        MemorySegment.copy(bucket, 0, data, at, left);
      }
    }
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
