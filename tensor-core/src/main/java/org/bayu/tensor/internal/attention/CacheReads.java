package org.bayu.tensor.internal.attention;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;

/**
 * The work of attention of single tokens that continue sequences: which keys of the cache are read
 * for which of them.
 *
 * <p>The ranges that a token sees are cut into pieces of at most {@value #KEYS} keys from their
 * beginnings. A range that several tokens see is read once for {@value #QUERIES} of them. Each
 * token has a number, its slot, for each of its pieces. How a token's ranges are cut, and the order
 * of its slots, hang on nothing but its own segment.
 */
final class CacheReads {
  /** Keys of a piece at most: of one head they stay in the second-level cache. */
  static final int KEYS = 256;

  /** Queries of a piece at most. */
  static final int QUERIES = 16;

  private final List<Segment> others = new ArrayList<>();
  private final int[] queries;
  private final List<Piece> pieces = new ArrayList<>();
  private final int[][] slots;
  private final int slotCount;

  /**
   * Keys {@code start} to {@code start + length − 1}, which some queries see.
   *
   * @param queries their rows
   * @param slot of the first query; the others have those behind it
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Piece(int start, int length, int[] queries, int slot) {}

  CacheReads(AttentionSegments segments) {
    Map<Range, List<Integer>> readers = new LinkedHashMap<>();
    var single = new ArrayList<Segment>();
    for (var segment : segments.segments()) {
      // In training a segment's keys are its queries.
      if (segment.queryLength() == 1 && segment.keyLength() > 1) {
        var index = single.size();
        single.add(segment);
        segment.context().forEach(range -> reader(readers, range, index));
        reader(readers, segment.ownKeys(), index);
      } else {
        others.add(segment);
      }
    }
    queries = single.stream().mapToInt(Segment::queryStart).toArray();
    List<Map<Range, int[]>> ofQueries = new ArrayList<>();
    single.forEach(segment -> ofQueries.add(new LinkedHashMap<>()));
    var next = 0;
    for (var reader : readers.entrySet()) {
      next = cut(reader.getKey(), reader.getValue(), next, ofQueries);
    }
    slotCount = next;
    slots =
        IntStream.range(0, queries.length)
            .mapToObj(i -> inOrder(single.get(i), ofQueries.get(i)))
            .toArray(int[][]::new);
  }

  private static void reader(Map<Range, List<Integer>> readers, Range range, int index) {
    if (range.length() > 0) {
      readers.computeIfAbsent(range, _ -> new ArrayList<>()).add(index);
    }
  }

  /** Cuts a range for those who read it; returns the next free slot. */
  private int cut(Range range, List<Integer> readers, int slot, List<Map<Range, int[]>> ofQueries) {
    var parts = (range.length() + KEYS - 1) / KEYS;
    readers.forEach(index -> ofQueries.get(index).put(range, new int[parts]));
    var next = slot;
    for (var part = 0; part < parts; part++) {
      var start = range.start() + part * KEYS;
      var length = Math.min(KEYS, range.end() - start);
      for (var from = 0; from < readers.size(); from += QUERIES) {
        var some = readers.subList(from, Math.min(readers.size(), from + QUERIES));
        var rows = some.stream().mapToInt(index -> queries[index]).toArray();
        pieces.add(new Piece(start, length, rows, next));
        for (var index : some) {
          Objects.requireNonNull(ofQueries.get(index).get(range))[part] = next++;
        }
      }
    }
    return next;
  }

  private static int[] inOrder(Segment segment, Map<Range, int[]> slots) {
    var ranges = new ArrayList<>(segment.context());
    ranges.add(segment.ownKeys());
    return ranges.stream()
        .filter(range -> range.length() > 0)
        .flatMapToInt(range -> IntStream.of(slots.get(range)))
        .toArray();
  }

  /** The segments that are not single tokens. */
  List<Segment> others() {
    return others;
  }

  /** The rows of the single tokens. */
  int[] queries() {
    return queries;
  }

  List<Piece> pieces() {
    return pieces;
  }

  /** The slots of single token {@code index}: of its context, range by range, and its own keys. */
  int[] slots(int index) {
    return slots[index];
  }

  /** Number of slots. */
  int slotCount() {
    return slotCount;
  }
}
