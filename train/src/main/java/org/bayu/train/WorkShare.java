package org.bayu.train;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.collectives.Communicator;

/**
 * How the micro-batches of a batch are dealt to the ranks: each has the next ones, with nearly the
 * same number of computed tokens. All ranks compute the same share.
 */
final class WorkShare {
  private final Communicator ranks;
  private final int[] bounds;

  private WorkShare(Communicator ranks, int[] bounds) {
    this.ranks = ranks;
    this.bounds = bounds;
  }

  /** Deals micro-batches. */
  static WorkShare of(List<MicroBatches.MicroBatch> microBatches, Communicator ranks) {
    var rows = microBatches.stream().mapToLong(each -> each.tree().rows()).toArray();
    return new WorkShare(ranks, bounds(rows, ranks.size()));
  }

  /**
   * Rank r has the micro-batches from bound r to before bound r + 1. Where half of a micro-batch's
   * work lies decides whose it is.
   */
  static int[] bounds(long[] work, int ranks) {
    var total = 0L;
    for (var each : work) {
      total += each;
    }
    var bounds = new int[ranks + 1];
    var before = 0L;
    for (var i = 0; i < work.length; i++) {
      var rank = (int) ((2 * before + work[i]) * ranks / (2 * Math.max(total, 1)));
      before += work[i];
      for (var r = rank + 1; r <= ranks; r++) {
        bounds[r] = i + 1;
      }
    }
    return bounds;
  }

  /** The number of micro-batches of all ranks. */
  int microBatches() {
    return bounds[ranks.size()];
  }

  /** This rank's first micro-batch. */
  int from() {
    return from(ranks.rank());
  }

  /** The one after this rank's last. */
  int to() {
    return to(ranks.rank());
  }

  /** The first of a rank. */
  int from(int rank) {
    return bounds[rank];
  }

  /** The one after a rank's last. */
  int to(int rank) {
    return bounds[rank + 1];
  }

  /** The most micro-batches of a rank. */
  int rounds() {
    return IntStream.range(0, ranks.size()).map(r -> to(r) - from(r)).max().orElseThrow();
  }

  /** The first rank that has a micro-batch of this number among its own. */
  int leader(int round) {
    return IntStream.range(0, ranks.size())
        .filter(r -> round < to(r) - from(r))
        .findFirst()
        .orElseThrow();
  }

  /**
   * The sum of what the micro-batches have, in their order. Collective.
   *
   * @param values of each micro-batch; only those of this rank's count
   */
  double sum(double[] values) {
    var sum = 0.0;
    if (ranks.size() == 1) {
      for (var value : values) {
        sum += value;
      }
      return sum;
    }
    try (var arena = Arena.ofShared()) {
      var part = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, values);
      var all = arena.allocate(part.byteSize() * ranks.size(), Double.BYTES);
      ranks.allGather(part, all);
      for (var r = 0; r < ranks.size(); r++) {
        for (var i = bounds[r]; i < bounds[r + 1]; i++) {
          sum += all.getAtIndex(ValueLayout.JAVA_DOUBLE, (long) r * values.length + i);
        }
      }
    }
    return sum;
  }
}
