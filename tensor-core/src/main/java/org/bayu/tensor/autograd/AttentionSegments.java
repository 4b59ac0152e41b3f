package org.bayu.tensor.autograd;

import java.util.List;
import org.bayu.tensor.ShapeException;

/**
 * Who attends to whom: the query rows in runs that see the same keys but for the causal triangle.
 *
 * <p>In training, queries and keys are the same tokens and a segment's context are its ancestors'
 * tokens. In generation, keys are rows of a cache, and a segment's own keys begin before its
 * queries.
 *
 * @param segments the runs; together they cover the query rows 0 to n − 1, each once, in order
 */
public record AttentionSegments(List<Segment> segments) {
  /** Key rows {@code start} to {@code start + length − 1}. */
  public record Range(int start, int length) {}

  /**
   * A run of queries. Query j of it (0 ≤ j &lt; queryLength) sees every key of {@code context} and
   * of its own keys the first {@code keyLength − queryLength + j + 1}: the last query sees all.
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
      if (queryLength < 1 || keyLength < queryLength || queryStart < 0 || keyStart < 0) {
        throw new ShapeException(
            "attention: %d queries from %d, %d own keys from %d"
                .formatted(queryLength, queryStart, keyLength, keyStart));
      }
    }
  }

  /** Copies the list and checks that it covers the queries in order. */
  public AttentionSegments {
    segments = List.copyOf(segments);
    var next = 0;
    for (var segment : segments) {
      if (segment.queryStart != next) {
        throw new ShapeException(
            "attention: segment from query %d, expected %d".formatted(segment.queryStart, next));
      }
      next += segment.queryLength;
    }
  }

  /** One sequence of {@code tokens} tokens, each seeing itself and those before it. */
  public static AttentionSegments causal(int tokens) {
    return new AttentionSegments(List.of(new Segment(0, tokens, 0, tokens, List.of())));
  }

  /** Number of query rows. */
  public int queries() {
    if (segments.isEmpty()) {
      return 0;
    }
    var last = segments.getLast();
    return last.queryStart + last.queryLength;
  }

  /** One more than the last key row that any query sees. */
  public int keys() {
    var keys = 0;
    for (var segment : segments) {
      keys = Math.max(keys, segment.keyStart + segment.keyLength);
      for (var range : segment.context) {
        keys = Math.max(keys, range.start + range.length);
      }
    }
    return keys;
  }
}
