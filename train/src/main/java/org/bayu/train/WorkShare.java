package org.bayu.train;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.collectives.Communicator;

/** How the micro-batches of a batch are dealt to the ranks. All ranks compute the same share. */
final class WorkShare {
  private final Communicator ranks;
  private final int microBatches;
  private final List<int[]> dealt;

  private WorkShare(Communicator ranks, int microBatches, List<int[]> dealt) {
    this.ranks = ranks;
    this.microBatches = microBatches;
    this.dealt = dealt;
  }

  /** Each rank has the next ones, with nearly the same number of computed tokens. */
  static WorkShare ofNeighbours(List<MicroBatches.MicroBatch> microBatches, Communicator ranks) {
    var rows = microBatches.stream().mapToLong(each -> each.tree().rows()).toArray();
    var bounds = bounds(rows, ranks.size());
    var dealt =
        IntStream.range(0, ranks.size())
            .mapToObj(r -> IntStream.range(bounds[r], bounds[r + 1]).toArray())
            .toList();
    return new WorkShare(ranks, microBatches.size(), dealt);
  }

  /** One after the other to each rank, in rounds. */
  static WorkShare inRounds(int microBatches, Communicator ranks) {
    var size = ranks.size();
    var dealt =
        IntStream.range(0, size)
            .mapToObj(r -> IntStream.range(0, microBatches).filter(i -> i % size == r).toArray())
            .toList();
    return new WorkShare(ranks, microBatches, dealt);
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
    return microBatches;
  }

  /** The numbers of this rank's micro-batches, in their order. */
  int[] own() {
    return of(ranks.rank());
  }

  /** The numbers of a rank's. */
  int[] of(int rank) {
    return dealt.get(rank);
  }

  /** How many ranks have a micro-batch of this number among their own. */
  int withRound(int round) {
    return (int) dealt.stream().filter(own -> round < own.length).count();
  }

  /**
   * The sum of what the micro-batches have, in their order. Collective.
   *
   * @param values of each micro-batch; only those of this rank's count
   */
  double sum(double[] values) {
    if (ranks.size() > 1) {
      gather(values);
    }
    var sum = 0.0;
    for (var value : values) {
      sum += value;
    }
    return sum;
  }

  /** Takes those of all ranks. */
  private void gather(double[] values) {
    try (var arena = Arena.ofShared()) {
      var part = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, values);
      var all = arena.allocate(part.byteSize() * ranks.size(), Double.BYTES);
      ranks.allGather(part, all);
      for (var r = 0; r < ranks.size(); r++) {
        for (var i : of(r)) {
          values[i] = all.getAtIndex(ValueLayout.JAVA_DOUBLE, (long) r * values.length + i);
        }
      }
    }
  }
}
