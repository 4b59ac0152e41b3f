package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.GradientParts;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.optim.Shard;
import org.jspecify.annotations.Nullable;

/**
 * The sums of gradients of which each rank keeps a part. Rajbhandari et al. 2020, "ZeRO: Memory
 * Optimizations Toward Training Trillion Parameter Models", stage 2.
 *
 * <p>The ranks go through the micro-batches in rounds, the next one for each rank at a time. A
 * backward pass comes to the same weights in the same order on all ranks. Rank 0, which has a
 * micro-batch in every round, says which weight is next, for those that have none. What is added to
 * a weight is sent while the backward pass goes on to the next one, if there are threads for both.
 */
final class GradientRounds implements GradientParts, AutoCloseable {
  private static final int LEADER = 0;

  /** Instead of a weight: the leader's backward pass has ended. */
  private static final int END = -1;

  /** The leader gives the step up, and so do all. */
  private static final int STOP = -2;

  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final Shard shard;
  private final ShardExchange exchange;
  private final boolean overlaps;
  private final MemorySegment next;
  private CompletableFuture<Void> sending = CompletableFuture.completedFuture(null);
  private @Nullable Tensor sent;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile boolean isStopping;
  private volatile boolean isUsed;
  private int terms;
  private boolean follows;

  /**
   * Sums of parts.
   *
   * @param shard this rank's part
   * @param exchange remains the caller's
   * @param threads that compute
   */
  GradientRounds(Communicator ranks, Shard shard, ShardExchange exchange, int threads) {
    this.ranks = ranks;
    this.shard = shard;
    this.exchange = exchange;
    overlaps = GradientSums.overlap(threads);
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

  @Override
  public int terms() {
    return terms;
  }

  /** Begins a round in which so many of the first ranks compute a micro-batch, this one too. */
  void begin(int microBatches) {
    terms = microBatches;
    isUsed = true;
  }

  /** This rank's backward pass of the round has ended. Collective. */
  void end() {
    await();
    agree(END);
  }

  /** Takes part in a round in which this rank has no micro-batch. Collective. */
  void follow(int microBatches, Gradients gradients, Device device, Workspace workspace) {
    terms = microBatches;
    follows = true;
    for (var weight = said(END); weight != END; weight = said(END)) {
      gradients.addNothing(device, workspace, weight);
      join(); // else an error here would not be seen before the leader's next word
    }
    await();
    follows = false;
  }

  /** Begins to send and add, when the addition before has been added. Collective. */
  @Override
  public @Nullable Tensor add(int weight, Tensor addition, Sum sum) {
    var before = await();
    sent = addition;
    sending =
        ranks.start(
            () -> {
              if (!follows) {
                agree(weight);
              }
              var stride = Float.BYTES * shard.stride(addition.elements());
              exchange.add(addition.data(), stride, terms, sum);
            });
    return overlaps ? before : await();
  }

  /** Waits for the last addition, and returns it. */
  private @Nullable Tensor await() {
    join();
    var tensor = sent;
    sent = null;
    return tensor;
  }

  private void join() {
    join(sending);
  }

  /** Waits for collectives that were started, and throws what they throw. */
  static void join(CompletableFuture<Void> collectives) {
    try {
      collectives.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw e;
      }
    }
  }

  /**
   * Gives the step under way up, or the next one: on all ranks it ends with a {@link
   * StoppedException}. Of rank 0, which may call it from any thread.
   *
   * @return whether that has happened; false if it did not come to a weight in time, or keeps whole
   *     gradients
   */
  boolean stop(Duration limit) {
    isStopping = true;
    try {
      return isUsed && stopped.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** The step has ended so. */
  void stopped() {
    stopped.countDown();
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
              LEADER,
              said));
    }
  }

  /** What the leader says; it says this. */
  private int said(int weight) {
    next.set(JAVA_INT, 0, isStopping ? STOP : weight);
    ranks.broadcast(next, LEADER);
    var said = next.get(JAVA_INT, 0);
    if (said == STOP) {
      throw new StoppedException();
    }
    return said;
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
