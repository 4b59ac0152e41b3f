package org.bayu.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.optim.Sums;

/**
 * Adds the nodes of a {@link SumTree} that lie on several ranks, bucket by bucket: each rank gets a
 * slice of all ranks' nodes and adds these, on the calling thread; then the slices are collected.
 * So a rank sends about as much as it has nodes, and the sum once, and all ranks have the same
 * bits.
 */
final class GradientExchange implements AutoCloseable {
  /** Numbers that are sent at a time, by all ranks together. */
  private static final int BUCKET = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final Device device;
  private final MemorySegment sent;
  private final MemorySegment received;
  private final MemorySegment sums;

  /** An exchange of several ranks, whose sums are added on a device. */
  GradientExchange(Communicator ranks, Device device) {
    this.ranks = ranks;
    this.device = device;
    sent = arena.allocate((long) BUCKET * Float.BYTES, Tensor.ALIGNMENT);
    received = arena.allocate((long) BUCKET * Float.BYTES, Tensor.ALIGNMENT);
    sums = arena.allocate((long) BUCKET * Float.BYTES, Tensor.ALIGNMENT);
  }

  /**
   * Sums numbers. Collective.
   *
   * @param nodes of each rank, in the order of the ranks
   * @param terms of the sum
   * @param own what this rank has of each of its nodes
   * @param total takes the sum; may be one of these
   */
  void sum(
      List<List<SumTree.Node>> nodes, int terms, List<MemorySegment> own, MemorySegment total) {
    var size = ranks.size();
    var most = Math.max(1, nodes.stream().mapToInt(List::size).max().orElse(1));
    var numbers = Math.min(BUCKET / size / most, (count(total) + size - 1) / size);
    var slice = numbers * Float.BYTES;
    var out = sent.asSlice(0, slice * size * most);
    var in = received.asSlice(0, slice * size * most);
    var all = sums.asSlice(0, slice * size);
    for (var at = 0L; at < count(total); at += numbers * size) {
      for (var r = 0; r < size; r++) {
        for (var n = 0; n < own.size(); n++) {
          copy(own.get(n), at + r * numbers, out.asSlice((r * (long) most + n) * slice, slice), 0);
        }
      }
      ranks.allToAll(out, in);
      ranks.allGather(ofAll(nodes, terms, in, most, slice), all);
      copy(all, 0, total, at); // where what has been sent was
    }
  }

  /** The sum of this rank's slice. */
  private MemorySegment ofAll(
      List<List<SumTree.Node>> nodes, int terms, MemorySegment slices, int most, long bytes) {
    var tree = new SumTree<MemorySegment>(terms, this::add);
    for (var r = 0; r < nodes.size(); r++) {
      for (var n = 0; n < nodes.get(r).size(); n++) {
        tree.add(nodes.get(r).get(n), slices.asSlice((r * (long) most + n) * bytes, bytes));
      }
    }
    return tree.values().getFirst();
  }

  /** Adds {@code term} to {@code sum}, and returns that. */
  MemorySegment add(MemorySegment sum, MemorySegment term) {
    Sums.addHere(device, sum, term, sum);
    return sum;
  }

  /** Copies as many numbers as both have. */
  private static void copy(MemorySegment from, long fromAt, MemorySegment to, long toAt) {
    var left = Math.min(count(from) - fromAt, count(to) - toAt);
    if (left > 0) {
      MemorySegment.copy(from, fromAt * Float.BYTES, to, toAt * Float.BYTES, left * Float.BYTES);
    }
  }

  private static long count(MemorySegment numbers) {
    return numbers.byteSize() / Float.BYTES;
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
