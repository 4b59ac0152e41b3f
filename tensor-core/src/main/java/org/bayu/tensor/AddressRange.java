package org.bayu.tensor;

import java.util.Map;
import java.util.TreeMap;

/**
 * Which bytes of a range that grows at its end are taken. Takes the smallest gap that is large
 * enough, of equal ones the first, and joins neighbouring gaps: Knuth, "The Art of Computer
 * Programming" 2.5, best fit.
 */
final class AddressRange {
  /** Where each gap begins, and how long it is. */
  private final TreeMap<Long, Long> gaps = new TreeMap<>();

  private long end;
  private long greatestEnd;

  /** The first byte of {@code size} free ones, now taken. */
  long take(long size) {
    Map.Entry<Long, Long> best = null;
    for (var gap : gaps.entrySet()) {
      if (gap.getValue() >= size && (best == null || gap.getValue() < best.getValue())) {
        best = gap;
      }
    }
    if (best != null) {
      long at = best.getKey();
      long rest = best.getValue() - size;
      gaps.remove(at);
      if (rest > 0) {
        gaps.put(at + size, rest);
      }
      return at;
    }
    var at = end;
    end += size;
    greatestEnd = Math.max(greatestEnd, end);
    return at;
  }

  /** Gives {@code size} taken bytes from {@code at} on back. */
  void give(long at, long size) {
    var from = at;
    var to = at + size;
    var before = gaps.floorEntry(at);
    if (before != null && before.getKey() + before.getValue() == at) {
      from = before.getKey();
      gaps.remove(from);
    }
    var behind = gaps.remove(to);
    if (behind != null) {
      to += behind;
    }
    if (to == end) {
      end = from;
    } else {
      gaps.put(from, to - from);
    }
  }

  /** Gives everything back. */
  void clear() {
    gaps.clear();
    end = 0;
  }

  /** Bytes up to the last one taken since the range was made. */
  long greatestEnd() {
    return greatestEnd;
  }
}
