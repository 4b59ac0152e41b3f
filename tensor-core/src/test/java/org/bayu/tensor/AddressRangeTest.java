package org.bayu.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AddressRangeTest {
  /** Bytes that one test takes of at most. */
  private static final int MOST = 4096;

  private record Taken(long at, long size) {}

  @Test
  void theFirstOfTheSmallestGapsIsTaken() {
    var seed = System.nanoTime();
    var random = new Random(seed);
    var range = new AddressRange();
    var taken = new BitSet();
    List<Taken> all = new ArrayList<>();
    var greatest = 0L;
    for (var i = 0; i < 20_000; i++) {
      if (!all.isEmpty() && (random.nextBoolean() || taken.length() > MOST)) {
        var each = all.remove(random.nextInt(all.size()));
        range.give(each.at, each.size);
        taken.clear((int) each.at, (int) (each.at + each.size));
      } else {
        var size = 1 + random.nextInt(8);
        var at = range.take(size);
        assertEquals(bestGap(taken, size), at, "seed " + seed + ", step " + i);
        all.add(new Taken(at, size));
        taken.set((int) at, (int) at + size);
        greatest = Math.max(greatest, at + size);
      }
      if (random.nextInt(5000) == 0) {
        range.clear();
        taken.clear();
        all.clear();
      }
    }
    assertEquals(greatest, range.greatestEnd());
  }

  private static int bestGap(BitSet taken, int size) {
    var best = taken.length();
    var bestLength = Integer.MAX_VALUE;
    for (var at = taken.nextClearBit(0); at < taken.length(); ) {
      var end = taken.nextSetBit(at);
      if (end - at >= size && end - at < bestLength) {
        best = at;
        bestLength = end - at;
      }
      at = taken.nextClearBit(end);
    }
    return best;
  }
}
