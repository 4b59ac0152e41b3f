package org.bayu.tensor;

import java.util.Arrays;

/**
 * Which bytes of a range that grows at its end are taken. Takes the smallest gap that is large
 * enough, of equal ones the first, and joins neighbouring gaps: Knuth, "The Art of Computer
 * Programming" 2.5, best fit. There are few gaps at a time, so plain arrays hold them, in order.
 */
final class AddressRange {
  private long[] starts = new long[16];
  private long[] ends = new long[16];
  private int gaps;

  private long end;
  private long greatestEnd;

  /** The first byte of {@code size} free ones, now taken. */
  long take(long size) {
    var best = -1;
    var bestLength = Long.MAX_VALUE;
    for (var i = 0; i < gaps; i++) {
      var length = ends[i] - starts[i];
      if (length >= size && length < bestLength) {
        best = i;
        bestLength = length;
      }
    }
    if (best >= 0) {
      var at = starts[best];
      starts[best] += size;
      if (bestLength == size) {
        remove(best);
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
    var behind = 0;
    while (behind < gaps && starts[behind] < at) {
      behind++;
    }
    insert(behind, at, at + size);
    if (behind + 1 < gaps && starts[behind + 1] == at + size) {
      ends[behind] = ends[behind + 1];
      remove(behind + 1);
    }
    if (behind > 0 && ends[behind - 1] == at) {
      ends[behind - 1] = ends[behind];
      remove(behind);
    }
    if (ends[gaps - 1] == end) {
      gaps--;
      end = starts[gaps];
    }
  }

  private void insert(int place, long from, long to) {
    if (gaps == starts.length) {
      starts = Arrays.copyOf(starts, 2 * gaps);
      ends = Arrays.copyOf(ends, 2 * gaps);
    }
    System.arraycopy(starts, place, starts, place + 1, gaps - place);
    System.arraycopy(ends, place, ends, place + 1, gaps - place);
    starts[place] = from;
    ends[place] = to;
    gaps++;
  }

  private void remove(int place) {
    gaps--;
    System.arraycopy(starts, place + 1, starts, place, gaps - place);
    System.arraycopy(ends, place + 1, ends, place, gaps - place);
  }

  /** Gives everything back. */
  void clear() {
    gaps = 0;
    end = 0;
  }

  /** Bytes up to the last one taken since the range was made. */
  long greatestEnd() {
    return greatestEnd;
  }
}
