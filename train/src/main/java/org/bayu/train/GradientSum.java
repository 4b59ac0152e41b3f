package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;

/**
 * Adds the gradients of a batch's micro-batches over all ranks, by a {@link SumTree}: the bits
 * depend on the micro-batches, not on the number of ranks.
 *
 * <p>A rank adds its own micro-batches as far as they are neighbours. Of the nodes that are left,
 * each rank gets a slice of all ranks' and adds these; then the slices are collected. So a rank
 * sends about as much as it has nodes, and the gradients once.
 *
 * <p>Owns memory of the gradients' size for each node that is left at a time, about log₂ of the
 * number of micro-batches. Not thread-safe.
 */
final class GradientSum implements AutoCloseable {
  /** Numbers that are sent at a time, by all ranks together. */
  private static final int BUCKET = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final Gradients gradients;
  private final Communicator ranks;
  private final long elements;
  private final List<MemorySegment> free = new ArrayList<>();
  private SumTree<MemorySegment> sum = new SumTree<>(0, this::add);
  private boolean isOne;

  /** Sums in {@code gradients}, which remain the caller's. */
  GradientSum(Gradients gradients, Communicator ranks) {
    this.gradients = gradients;
    this.ranks = ranks;
    elements = gradients.weights().stream().mapToLong(Tensor::elements).sum();
  }

  /** Begins the sum of a batch of so many micro-batches, those of all ranks. */
  void begin(int microBatches) {
    isOne = microBatches == 1 && ranks.size() == 1;
    free.addAll(sum.values());
    sum = new SumTree<>(microBatches, this::add);
  }

  /** Takes the gradients of a micro-batch, the next of this rank, and makes them zero. */
  void take(int microBatch) {
    if (isOne) {
      return; // its gradients are the sum
    }
    var memory = memory();
    var at = 0L;
    for (var weight : gradients.weights()) {
      var gradient = gradients.of(weight).data();
      memory.asSlice(at, gradient.byteSize()).copyFrom(gradient);
      at += gradient.byteSize();
    }
    gradients.zero();
    sum.add(new SumTree.Node(0, microBatch), memory);
  }

  private MemorySegment memory() {
    return free.isEmpty()
        ? arena.allocate(elements * Float.BYTES, Tensor.ALIGNMENT)
        : free.removeLast();
  }

  private MemorySegment add(MemorySegment left, MemorySegment right) {
    addTo(left, right);
    free.add(right);
    return left;
  }

  private static void addTo(MemorySegment sum, MemorySegment term) {
    for (var i = 0L; i < sum.byteSize() / Float.BYTES; i++) {
      sum.setAtIndex(JAVA_FLOAT, i, sum.getAtIndex(JAVA_FLOAT, i) + term.getAtIndex(JAVA_FLOAT, i));
    }
  }

  /** Makes the gradients the sum over all micro-batches of all ranks. Collective. */
  void end(WorkShare share) {
    if (isOne) {
      return;
    }
    var total = total(share);
    var at = 0L;
    for (var weight : gradients.weights()) {
      var gradient = gradients.of(weight).data();
      gradient.copyFrom(total.asSlice(at, gradient.byteSize()));
      at += gradient.byteSize();
    }
  }

  private MemorySegment total(WorkShare share) {
    if (ranks.size() == 1) {
      return sum.values().getFirst();
    }
    var nodes = new ArrayList<List<SumTree.Node>>();
    var most = 1;
    for (var r = 0; r < ranks.size(); r++) {
      var left = nodes(share, r);
      nodes.add(left);
      most = Math.max(most, left.size());
    }
    return new Exchange(nodes, most, share.microBatches()).total();
  }

  /** The nodes that a rank has left. */
  private static List<SumTree.Node> nodes(WorkShare share, int rank) {
    var tree = new SumTree<Boolean>(share.microBatches(), (_, _) -> true);
    for (var i = share.from(rank); i < share.to(rank); i++) {
      tree.add(new SumTree.Node(0, i), true);
    }
    return tree.nodes();
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }

  /** The sum over the ranks' nodes, bucket by bucket. */
  private final class Exchange {
    private final List<List<SumTree.Node>> nodes;
    private final int most;
    private final int microBatches;
    private final int piece;

    /**
     * An exchange.
     *
     * @param nodes of each rank
     * @param most nodes that a rank has
     */
    private Exchange(List<List<SumTree.Node>> nodes, int most, int microBatches) {
      this.nodes = nodes;
      this.most = most;
      this.microBatches = microBatches;
      piece = Math.max(BUCKET / ranks.size() / most, 1);
    }

    private MemorySegment total() {
      var size = ranks.size();
      var isIdle = sum.values().isEmpty();
      // A bucket of the result takes the place of what has been sent.
      var total = isIdle ? memory() : sum.values().getFirst();
      if (isIdle) {
        free.add(total); // nothing else is taken before the result is read
      }
      try (var memory = Arena.ofShared()) {
        var sent = memory.allocate((long) size * most * piece * Float.BYTES, Tensor.ALIGNMENT);
        var received = memory.allocate(sent.byteSize(), Tensor.ALIGNMENT);
        var sums = memory.allocate((long) size * piece * Float.BYTES, Tensor.ALIGNMENT);
        for (var at = 0L; at < elements; at += (long) size * piece) {
          for (var r = 0; r < size; r++) {
            for (var n = 0; n < sum.values().size(); n++) {
              copy(sum.values().get(n), at + (long) r * piece, slice(sent, r, n), 0);
            }
          }
          ranks.allToAll(sent, received);
          ranks.allGather(ofAll(received), sums);
          copy(sums, 0, total, at);
        }
      }
      return total;
    }

    /** The sum of this rank's slice. */
    private MemorySegment ofAll(MemorySegment received) {
      var tree = new SumTree<MemorySegment>(microBatches, this::added);
      for (var r = 0; r < ranks.size(); r++) {
        for (var n = 0; n < nodes.get(r).size(); n++) {
          tree.add(nodes.get(r).get(n), slice(received, r, n));
        }
      }
      return tree.values().getFirst();
    }

    private MemorySegment added(MemorySegment left, MemorySegment right) {
      addTo(left, right);
      return left;
    }

    private MemorySegment slice(MemorySegment bucket, int rank, int node) {
      var bytes = (long) piece * Float.BYTES;
      return bucket.asSlice(((long) rank * most + node) * bytes, bytes);
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
  }
}
