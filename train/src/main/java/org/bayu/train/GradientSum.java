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
import org.bayu.tensor.optim.Sums;
import org.jspecify.annotations.Nullable;

/**
 * Adds the gradients of a batch's micro-batches over all ranks.
 *
 * <p>Those that are kept apart are added by a {@link SumTree}, so that the bits depend on the
 * micro-batches and not on the number of ranks: a rank adds its own as far as they are neighbours,
 * and what is left is exchanged while its last backward pass goes on. This takes memory of the
 * gradients' size for each node that is left at a time, about log₂ of the number of micro-batches.
 * Otherwise the backward passes of a rank add to the gradients directly, and the ranks' sums are
 * left to {@link StateShards}.
 *
 * <p>Not thread-safe.
 */
final class GradientSum implements AutoCloseable {
  private final Arena arena = LargeArena.ofShared();
  private final Device device;
  private final Gradients gradients;
  private final Communicator ranks;
  private final boolean apart;
  private final @Nullable LastGradients exchange;
  private final long elements;
  private final List<MemorySegment> free = new ArrayList<>();
  private SumTree<MemorySegment> sum = new SumTree<>(0, this::add);
  private LastGradients.@Nullable Sum last;
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
    exchange = ranks.size() == 1 || !apart ? null : new LastGradients(device, gradients, ranks);
    elements = gradients.weights().stream().mapToLong(Tensor::elements).sum();
  }

  /** Begins the sum of a batch. */
  void begin(WorkShare share) {
    inPlace = !apart || (share.microBatches() == 1 && ranks.size() == 1);
    free.addAll(sum.values());
    sum = new SumTree<>(share.microBatches(), this::add);
    exchangeIfLast(share, 0);
  }

  /** Takes the gradients of the n-th of this rank's micro-batches, from 0 on. */
  void take(WorkShare share, int n) {
    if (inPlace || last != null) {
      return; // the gradients are where they belong
    }
    var memory = memory();
    var at = 0L;
    for (var weight : gradients.weights()) {
      var gradient = gradients.of(weight).data();
      memory.asSlice(at, gradient.byteSize()).copyFrom(gradient);
      at += gradient.byteSize();
    }
    gradients.zero();
    sum.add(new SumTree.Node(0, share.own()[n]), memory);
    exchangeIfLast(share, n + 1);
  }

  private MemorySegment memory() {
    return free.isEmpty()
        ? arena.allocate(elements * Float.BYTES, Tensor.ALIGNMENT)
        : free.removeLast();
  }

  private MemorySegment add(MemorySegment left, MemorySegment right) {
    free.add(right);
    Sums.add(device, left, right, left);
    return left;
  }

  /** The gradients of this rank's last micro-batch are exchanged with what is there before it. */
  private void exchangeIfLast(WorkShare share, int next) {
    var own = share.own();
    if (exchange == null || next < own.length - 1) {
      return;
    }
    var node = own.length == 0 ? null : new SumTree.Node(0, own[next]);
    var nodes = IntStream.range(0, ranks.size()).mapToObj(rank -> nodes(share, rank)).toList();
    last = new LastGradients.Sum(sum, node, memory(), nodes, share.microBatches());
    exchange.begin(last);
  }

  /** The nodes that a rank has in the end. */
  private static List<SumTree.Node> nodes(WorkShare share, int rank) {
    var tree = new SumTree<Boolean>(share.microBatches(), (_, _) -> true);
    for (var i : share.of(rank)) {
      tree.add(new SumTree.Node(0, i), true);
    }
    return tree.nodes();
  }

  /**
   * Makes the gradients the sum over all micro-batches of all ranks, or of this rank if they are
   * not kept apart. Collective.
   */
  void end() {
    if (inPlace) {
      return;
    }
    if (exchange != null) {
      exchange.end();
    }
    var total = last == null ? sum.values().getFirst() : last.total();
    var at = 0L;
    for (var weight : gradients.weights()) {
      var gradient = gradients.of(weight).data();
      gradient.copyFrom(total.asSlice(at, gradient.byteSize()));
      at += gradient.byteSize();
    }
    if (last != null) {
      free.add(last.memory());
      last = null;
    }
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
