package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.GradientParts;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.optim.Shard;

/**
 * The sums of gradients of which each rank keeps a part. Rajbhandari et al. 2020, "ZeRO: Memory
 * Optimizations Toward Training Trillion Parameter Models", stage 2.
 *
 * <p>The ranks go through their micro-batches in rounds, the n-th micro-batch of all at a time. A
 * backward pass comes to the same weights in the same order on all ranks. The leader of a round,
 * the first rank that has a micro-batch in it, says which weight is next, for those that have none.
 */
final class GradientRounds implements GradientParts, AutoCloseable {
  /** Instead of a weight: the leader's backward pass has ended. */
  private static final int END = -1;

  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final Shard shard;
  private final ShardExchange exchange;
  private final MemorySegment next;
  private int leader;
  private boolean follows;

  /**
   * Sums of parts.
   *
   * @param shard this rank's part
   * @param exchange remains the caller's
   */
  GradientRounds(Communicator ranks, Shard shard, ShardExchange exchange) {
    this.ranks = ranks;
    this.shard = shard;
    this.exchange = exchange;
    next = arena.allocate(JAVA_INT);
  }

  @Override
  public long from(long elements) {
    return shard.from(elements);
  }

  @Override
  public long to(long elements) {
    return shard.to(elements);
  }

  /** Begins a round, in which this rank computes a micro-batch. */
  void begin(int roundLeader) {
    leader = roundLeader;
  }

  /** This rank's backward pass of the round has ended. Collective. */
  void end() {
    agree(END);
  }

  /** Takes part in a round in which this rank has no micro-batch. Collective. */
  void follow(int roundLeader, Gradients gradients, Device device, Workspace workspace) {
    leader = roundLeader;
    follows = true;
    for (var weight = said(END); weight != END; weight = said(END)) {
      gradients.addNothing(device, workspace, weight);
    }
    follows = false;
  }

  /** Sums a part over all ranks. Collective. */
  @Override
  public void sum(int weight, Tensor addition) {
    if (!follows) {
      agree(weight);
    }
    exchange.reduce(addition.data(), Float.BYTES * shard.stride(addition.elements()));
  }

  private void agree(int weight) {
    var said = said(weight);
    if (said != weight) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "rank %d is at the gradient %d, and rank %d at %d",
              ranks.rank(),
              weight,
              leader,
              said));
    }
  }

  /** What the leader says; it says this. */
  private int said(int weight) {
    next.set(JAVA_INT, 0, weight);
    ranks.broadcast(next, leader);
    return next.get(JAVA_INT, 0);
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
