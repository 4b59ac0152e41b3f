package org.bayu.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.jspecify.annotations.Nullable;

/**
 * Adds the gradients of a batch's micro-batches over all ranks.
 *
 * <p>Those that are kept apart are added by a {@link SumTree}, so that the bits depend on the
 * micro-batches and not on the number of ranks: a rank adds its own as far as they are neighbours,
 * and then what is left is exchanged. This takes memory of the gradients' size for each node that
 * is left at a time, about log₂ of the number of micro-batches. Otherwise the backward passes of a
 * rank add to the gradients directly, and the ranks' sums are left to {@link StateShards}.
 *
 * <p>Not thread-safe.
 */
final class GradientSum implements AutoCloseable {
  private final Arena arena = LargeArena.ofShared();
  private final Device device;
  private final Gradients gradients;
  private final Communicator ranks;
  private final boolean apart;
  private final @Nullable GradientExchange exchange;
  private final long elements;
  private final List<MemorySegment> free = new ArrayList<>();
  private SumTree<MemorySegment> sum = new SumTree<>(0, this::add);
  private boolean inPlace;

  /**
   * Sums in {@code gradients}, which remain the caller's.
   *
   * @param apart whether the micro-batches are first kept apart
   */
  GradientSum(Device device, Gradients gradients, Communicator ranks, boolean apart) {
    this.device = device;
    this.gradients = gradients;
    this.ranks = ranks;
    this.apart = apart;
    exchange = ranks.size() == 1 || !apart ? null : new GradientExchange(ranks, device);
    elements = gradients.weights().stream().mapToLong(Tensor::elements).sum();
  }

  /** Begins the sum of a batch of so many micro-batches, those of all ranks. */
  void begin(int microBatches) {
    inPlace = !apart || (microBatches == 1 && ranks.size() == 1);
    free.addAll(sum.values());
    sum = new SumTree<>(microBatches, this::add);
  }

  /** Takes the gradients of a micro-batch, the next of this rank. */
  void take(int microBatch) {
    if (inPlace) {
      return;
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
    free.add(right);
    return GradientExchange.add(device, left, right);
  }

  /**
   * Makes the gradients the sum over all micro-batches of all ranks, or of this rank if they are
   * not kept apart. Collective.
   */
  void end(WorkShare share) {
    if (inPlace) {
      return;
    }
    var total = exchange == null ? sum.values().getFirst() : total(share, exchange);
    var at = 0L;
    for (var weight : gradients.weights()) {
      var gradient = gradients.of(weight).data();
      gradient.copyFrom(total.asSlice(at, gradient.byteSize()));
      at += gradient.byteSize();
    }
  }

  private MemorySegment total(WorkShare share, GradientExchange exchange) {
    var isIdle = sum.values().isEmpty();
    var total = isIdle ? memory() : sum.values().getFirst();
    if (isIdle) {
      free.add(total); // nothing else is taken before the result is read
    }
    var nodes = IntStream.range(0, ranks.size()).mapToObj(rank -> nodes(share, rank)).toList();
    exchange.sum(nodes, share.microBatches(), sum.values(), total);
    return total;
  }

  /** The nodes that a rank has left. */
  private static List<SumTree.Node> nodes(WorkShare share, int rank) {
    var tree = new SumTree<Boolean>(share.microBatches(), (_, _) -> true);
    for (var i : share.of(rank)) {
      tree.add(new SumTree.Node(0, i), true);
    }
    return tree.nodes();
  }

  /** Frees the memory. */
  @Override
  public void close() {
    if (exchange != null) {
      exchange.close();
    }
    arena.close();
  }
}
