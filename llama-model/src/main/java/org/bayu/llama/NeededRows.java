package org.bayu.llama;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.Targets;

/**
 * The rows of a pass whose last hidden states are read. Of the others the last block computes keys
 * and values only. In training these are the tokens before the first one that has loss; of a prompt
 * all but the last one.
 *
 * <p>In each segment the needed rows are the first one that is asked for and all behind it.
 * Immutable.
 */
public final class NeededRows {
  private final int[] rows;
  private final AttentionSegments segments;

  private NeededRows(int[] rows, AttentionSegments segments) {
    this.rows = rows;
    this.segments = segments;
  }

  /**
   * The rows that the loss of these targets needs.
   *
   * @throws IndexOutOfBoundsException if a target's row is negative
   */
  public static NeededRows of(TokenTree tree, Targets targets) {
    return of(tree.attention(), targets.rows());
  }

  /**
   * The rows for those that are asked for, in any order.
   *
   * @param all the segments of all rows
   * @throws IndexOutOfBoundsException if a row is negative
   */
  static NeededRows of(AttentionSegments all, int[] asked) {
    var wanted = new BitSet(all.queries());
    for (var row : asked) {
      wanted.set(row);
    }
    var rows = new IntArrayList();
    var segments = new ArrayList<Segment>();
    for (var segment : all.segments()) {
      var end = segment.queryStart() + segment.queryLength();
      var first = wanted.nextSetBit(segment.queryStart());
      if (first < 0 || first >= end) {
        continue;
      }
      segments.add(
          new Segment(
              rows.size(),
              end - first,
              segment.keyStart(),
              segment.keyLength(),
              segment.context()));
      for (var row = first; row < end; row++) {
        rows.add(row);
      }
    }
    return new NeededRows(rows.toIntArray(), new AttentionSegments(segments));
  }

  /** The rows, in ascending order. */
  public int[] rows() {
    return rows.clone();
  }

  /** How many rows are needed. */
  public int size() {
    return rows.length;
  }

  /** What the needed rows attend to. Query i is row {@link #rows}[i]. */
  AttentionSegments segments() {
    return segments;
  }

  /** Where these rows are in a matrix of the needed ones; negative for others. */
  int[] places(int[] of) {
    return Arrays.stream(of).map(row -> Arrays.binarySearch(rows, row)).toArray();
  }

  /** The same targets in a matrix of the needed rows. */
  Targets among(Targets targets) {
    return new Targets(places(targets.rows()), targets.classes(), targets.weights());
  }
}
