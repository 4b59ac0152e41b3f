package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Tensor;

/**
 * Adds the nodes of a {@link SumTree} that lie on several ranks, bucket by bucket: each rank gets a
 * slice of all ranks' nodes and adds these; then the slices are collected. So a rank sends about as
 * much as it has nodes, and the sum once, and all ranks have the same bits.
 */
final class GradientExchange implements AutoCloseable {
  /** Numbers that are sent at a time, by all ranks together. */
  private static final int BUCKET = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final List<List<SumTree.Node>> nodes;
  private final int terms;
  private final int most;
  private final MemorySegment sent;
  private final MemorySegment received;
  private final MemorySegment sums;

  /**
   * An exchange.
   *
   * @param nodes of each rank, in the order of the ranks
   * @param terms of the sum
   */
  GradientExchange(Communicator ranks, List<List<SumTree.Node>> nodes, int terms) {
    this.ranks = ranks;
    this.nodes = nodes;
    this.terms = terms;
    most = Math.max(1, nodes.stream().mapToInt(List::size).max().orElse(1));
    sent = memory(mostNumbers() * ranks.size() * most);
    received = memory(mostNumbers() * ranks.size() * most);
    sums = memory(mostNumbers() * ranks.size());
  }

  private MemorySegment memory(long numbers) {
    return arena.allocate(numbers * Float.BYTES, Tensor.ALIGNMENT);
  }

  /** How many numbers a slice has at most. */
  private long mostNumbers() {
    return Math.max(BUCKET / ranks.size() / most, 1);
  }

  /**
   * Sums numbers. Collective.
   *
   * @param own what this rank has of each of its nodes
   * @param total takes the sum; may be one of these
   */
  void sum(List<MemorySegment> own, MemorySegment total) {
    var size = ranks.size();
    var numbers = Math.min(mostNumbers(), (count(total) + size - 1) / size);
    var slice = numbers * Float.BYTES;
    var out = sent.asSlice(0, slice * size * most);
    var in = received.asSlice(0, slice * size * most);
    var all = sums.asSlice(0, slice * size);
    for (var at = 0L; at < count(total); at += numbers * size) {
      for (var r = 0; r < size; r++) {
        for (var n = 0; n < own.size(); n++) {
          copy(own.get(n), at + r * numbers, slice(out, r, n, slice), 0);
        }
      }
      ranks.allToAll(out, in);
      ranks.allGather(ofAll(in, slice), all);
      copy(all, 0, total, at); // where what has been sent was
    }
  }

  /** The sum of this rank's slice. */
  private MemorySegment ofAll(MemorySegment slices, long bytes) {
    var tree = new SumTree<MemorySegment>(terms, GradientExchange::add);
    for (var r = 0; r < ranks.size(); r++) {
      for (var n = 0; n < nodes.get(r).size(); n++) {
        tree.add(nodes.get(r).get(n), slice(slices, r, n, bytes));
      }
    }
    return tree.values().getFirst();
  }

  private MemorySegment slice(MemorySegment slices, int rank, int node, long bytes) {
    return slices.asSlice(((long) rank * most + node) * bytes, bytes);
  }

  /** Adds {@code term} to {@code sum}, and returns that. */
  static MemorySegment add(MemorySegment sum, MemorySegment term) {
    for (var i = 0L; i < count(sum); i++) {
      sum.setAtIndex(JAVA_FLOAT, i, sum.getAtIndex(JAVA_FLOAT, i) + term.getAtIndex(JAVA_FLOAT, i));
    }
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
