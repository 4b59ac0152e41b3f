package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bayu.collectives.Communicator;

/** A list of doubles of each rank, gathered in all of them. */
final class GatheredDoubles implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final MemorySegment own;
  private final MemorySegment all;
  private final int length;

  /** Memory for lists of this length. */
  GatheredDoubles(Communicator ranks, int length) {
    this.ranks = ranks;
    this.length = length;
    own = arena.allocate(JAVA_DOUBLE, length);
    all = arena.allocate(JAVA_DOUBLE, (long) length * ranks.size());
  }

  /** Takes this rank's list and gathers those of the others. Collective. */
  void gather(double[] list) {
    MemorySegment.copy(list, 0, own, JAVA_DOUBLE, 0, length);
    ranks.allGather(own, all);
  }

  /** The sum of what all ranks have at this place, added in their order. */
  double sum(int place) {
    var sum = 0.0;
    for (var r = 0; r < ranks.size(); r++) {
      sum += all.getAtIndex(JAVA_DOUBLE, (long) r * length + place);
    }
    return sum;
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
