package org.bayu.tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Which query attends to which keys. The query rows form segments; the queries of a segment see the
 * same keys, except for the causal mask.
 *
 * <p>In training, queries and keys are the same tokens. A segment's context is the tokens of the
 * segments above it. In generation, keys are rows of a cache. A segment's own keys then begin
 * before its queries.
 *
 * <p>Immutable.
 */
public final class AttentionSegments {
  private final List<Segment> segments;
  private final int keys;
  private final long pairs;

  /** Key rows {@code start} to {@code start + length − 1}. */
  public record Range(int start, int length) {
    /** Checks that neither is negative. */
    public Range {
      if (start < 0 || length < 0 || start + length < 0) {
        throw new ShapeException(
            String.format(Locale.ROOT, "attention: %d keys from %d", length, start));
      }
    }

    /** One more than the last row. */
    public int end() {
      return start + length;
    }
  }

  /**
   * Consecutive queries. Query j (0 ≤ j &lt; queryLength) sees every key of {@code context}, and
   * the first {@code keyLength − queryLength + j + 1} of the segment's own keys. The last query
   * sees all of them.
   *
   * @param queryStart first query row
   * @param queryLength number of query rows, positive
   * @param keyStart first row of the segment's own keys
   * @param keyLength number of its own keys, at least {@code queryLength}
   * @param context key ranges that all its queries see; none overlaps another or the own keys
   */
  public record Segment(
      int queryStart, int queryLength, int keyStart, int keyLength, List<Range> context) {
    /** Copies the context and checks the lengths. */
    public Segment {
      context = List.copyOf(context);
      if (queryLength < 1 || keyLength < queryLength || queryStart < 0) {
        throw new ShapeException(
            String.format(
                Locale.ROOT,
                "attention: %d queries from %d, %d own keys from %d",
                queryLength,
                queryStart,
                keyLength,
                keyStart));
      }
      var ranges = new ArrayList<>(context);
      ranges.add(new Range(keyStart, keyLength));
      ranges.sort(Comparator.comparingInt(Range::start));
      for (var i = 1; i < ranges.size(); i++) {
        if (ranges.get(i).start < ranges.get(i - 1).end()) {
          throw new ShapeException(
              String.format(
                  Locale.ROOT,
                  "attention: the queries from %d see key %d twice",
                  queryStart,
                  ranges.get(i).start));
        }
      }
    }

    /** The own keys. */
    public Range ownKeys() {
      return new Range(keyStart, keyLength);
    }
  }

  /**
   * These segments. Together they cover the query rows 0 to n − 1, each once, in order.
   *
   * @throws ShapeException if they do not
   */
  public AttentionSegments(List<Segment> segments) {
    this.segments = List.copyOf(segments);
    var next = 0;
    for (var segment : this.segments) {
      if (segment.queryStart != next) {
        throw new ShapeException(
            String.format(
                Locale.ROOT,
                "attention: segment from query %d, expected %d",
                segment.queryStart,
                next));
      }
      next += segment.queryLength;
    }
    keys = countKeys();
    pairs = countPairs();
  }

  /** One sequence of {@code tokens} tokens. Each sees itself and those before it. */
  public static AttentionSegments causal(int tokens) {
    return new AttentionSegments(List.of(new Segment(0, tokens, 0, tokens, List.of())));
  }

  /** The segments. */
  public List<Segment> segments() {
    return segments;
  }

  /** Number of query rows. */
  public int queries() {
    if (segments.isEmpty()) {
      return 0;
    }
    var last = segments.getLast();
    return last.queryStart + last.queryLength;
  }

  /** Number of pairs of a query and a key that it sees. */
  public long pairs() {
    return pairs;
  }

  private long countPairs() {
    var pairs = 0L;
    for (var segment : segments) {
      var seen = segment.keyLength - (segment.queryLength - 1) / 2.0;
      for (var range : segment.context) {
        seen += range.length;
      }
      pairs += Math.round(seen * segment.queryLength);
    }
    return pairs;
  }

  /** One more than the last key row that any query sees. */
  public int keys() {
    return keys;
  }

  private int countKeys() {
    var keys = 0;
    for (var segment : segments) {
      keys = Math.max(keys, segment.ownKeys().end());
      for (var range : segment.context) {
        keys = Math.max(keys, range.end());
      }
    }
    return keys;
  }
}
