package org.bayu.tensor.internal.attention;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  private int slotCount;

  /**
   * Keys {@code start} to {@code start + length − 1}, which some queries see.
   *
   * @param queries their rows
   * @param slot of the first query; the others have those behind it
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Piece(int start, int length, int[] queries, int slot) {}

  /**
   * A single token that sees a range.
   *
   * @param index its number among the single tokens
   * @param part of its slots, that of the range's first piece
   */
  private record Reader(int index, int part) {}

  /** Made for each token, and so without streams: most of it runs before it has been compiled. */
  CacheReads(AttentionSegments segments) {
    List<Segment> single = new ArrayList<>();
    for (var segment : segments.segments()) {
      // In training a segment's keys are its queries.
      if (segment.queryLength() == 1 && segment.keyLength() > 1) {
        single.add(segment);
      } else {
        others.add(segment);
      }
    }
    queries = new int[single.size()];
    slots = new int[single.size()][];
    Map<Range, List<Reader>> readers = new LinkedHashMap<>();
    for (var index = 0; index < queries.length; index++) {
      var segment = single.get(index);
      queries[index] = segment.queryStart();
      var part = 0;
      for (var range : segment.context()) {
        readers.computeIfAbsent(range, _ -> new ArrayList<>()).add(new Reader(index, part));
        part += parts(range);
      }
      var own = segment.ownKeys();
      readers.computeIfAbsent(own, _ -> new ArrayList<>(1)).add(new Reader(index, part));
      slots[index] = new int[part + parts(own)];
    }
    for (var reader : readers.entrySet()) {
      cut(reader.getKey(), reader.getValue());
    }
  }

  private static int parts(Range range) {
    return (range.length() + KEYS - 1) / KEYS;
  }

  /** Cuts a range for those who read it. */
  private void cut(Range range, List<Reader> readers) {
    for (var part = 0; part < parts(range); part++) {
      var start = range.start() + part * KEYS;
      var length = Math.min(KEYS, range.end() - start);
      for (var from = 0; from < readers.size(); from += QUERIES) {
        var rows = new int[Math.min(QUERIES, readers.size() - from)];
        pieces.add(new Piece(start, length, rows, slotCount));
        for (var i = 0; i < rows.length; i++) {
          var reader = readers.get(from + i);
          rows[i] = queries[reader.index];
          slots[reader.index][reader.part + part] = slotCount++;
        }
      }
    }
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
