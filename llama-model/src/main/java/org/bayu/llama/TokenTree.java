package org.bayu.llama;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Range;
import org.jspecify.annotations.Nullable;

/**
 * Sequences of tokens, packed without padding and with prefix sharing: tokens that several
 * sequences begin with are stored and computed once.
 *
 * <p>The tokens form a forest of segments. A token attends to itself, to the earlier tokens of its
 * segment and to all tokens of the segments above it. Its position is the number of tokens before
 * it. A matrix [tokens, features] has one row for each token of the tree, a segment's rows before
 * those of the segments below it. {@link #row} gives the row of a sequence's token. Values and
 * gradients equal those of the sequences computed one by one, up to rounding.
 *
 * <p>Immutable. Built by a {@link Builder}, or at once by {@link #of}.
 */
public final class TokenTree {
  /** A good minimum length of a shared prefix: a shorter one saves less than its segment costs. */
  public static final int DEFAULT_MINIMUM_SHARED = 16;

  private final int[] tokens;
  private final int[] positions;
  private final int[] parents;
  private final int[] starts;
  private final Node[] leaves;

  private TokenTree(List<Node> roots, List<Node> leaves) {
    var nodes = new ArrayList<Node>();
    roots.forEach(root -> root.collect(nodes));
    var total = 0;
    starts = new int[nodes.size() + 1];
    parents = new int[nodes.size()];
    for (var i = 0; i < nodes.size(); i++) {
      var node = nodes.get(i);
      node.index = i;
      parents[i] = node.parent == null ? -1 : node.parent.index;
      starts[i] = total;
      total += node.length();
    }
    starts[nodes.size()] = total;
    tokens = new int[total];
    positions = new int[total];
    for (var i = 0; i < nodes.size(); i++) {
      var node = nodes.get(i);
      System.arraycopy(node.source, node.from, tokens, starts[i], node.length());
      for (var j = 0; j < node.length(); j++) {
        positions[starts[i] + j] = node.from + j;
      }
    }
    this.leaves = leaves.toArray(Node[]::new);
  }

  /**
   * The tree of these sequences.
   *
   * @param minimumShared the minimum length of a shared prefix; {@link Integer#MAX_VALUE} shares
   *     nothing
   */
  public static TokenTree of(List<int[]> sequences, int minimumShared) {
    var builder = new Builder(minimumShared);
    sequences.forEach(builder::add);
    return builder.build();
  }

  /** The token ids, row by row. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** Each row's position in its sequences. */
  public int[] positions() {
    return positions.clone();
  }

  /** Number of rows of every activation: shared tokens count once. */
  public int rows() {
    return tokens.length;
  }

  /** Number of sequences. */
  public int sequences() {
    return leaves.length;
  }

  /** The row of a sequence's token. Sequences are numbered from 0 in the order of adding. */
  public int row(int sequence, int position) {
    var node = leaves[sequence];
    while (position < node.from && node.parent != null) {
      node = node.parent;
    }
    return starts[node.index] + position - node.from;
  }

  /** The rows of a sequence's tokens, first to last: the segments from the root down. */
  public List<Range> path(int sequence) {
    return rangesTo(leaves[sequence].index);
  }

  /** Which rows each segment attends to. */
  public AttentionSegments attention() {
    var segments = new ArrayList<AttentionSegments.Segment>();
    for (var i = 0; i < parents.length; i++) {
      var length = starts[i + 1] - starts[i];
      var context = parents[i] < 0 ? List.<Range>of() : rangesTo(parents[i]);
      segments.add(new AttentionSegments.Segment(starts[i], length, starts[i], length, context));
    }
    return new AttentionSegments(segments);
  }

  /** The segments from the root down to {@code node}, neighbours in memory joined. */
  private List<Range> rangesTo(int node) {
    var path = new ArrayList<Range>();
    for (var i = node; i >= 0; i = parents[i]) {
      path.add(new Range(starts[i], starts[i + 1] - starts[i]));
    }
    var joined = new ArrayList<Range>();
    for (var range : path.reversed()) {
      var last = joined.isEmpty() ? null : joined.getLast();
      if (last != null && last.start() + last.length() == range.start()) {
        joined.set(joined.size() - 1, new Range(last.start(), last.length() + range.length()));
      } else {
        joined.add(range);
      }
    }
    return joined;
  }

  /** Builds a tree sequence by sequence, and says how many rows each one would add. */
  public static final class Builder {
    private final int minimumShared;
    private final List<Node> roots = new ArrayList<>();
    private final List<Node> leaves = new ArrayList<>();
    private int rows;

    /** An empty tree; see {@link TokenTree#of} for {@code minimumShared}. */
    public Builder(int minimumShared) {
      if (minimumShared < 1) {
        throw new IllegalArgumentException("minimumShared must be positive: " + minimumShared);
      }
      this.minimumShared = minimumShared;
    }

    /** Number of rows so far. */
    public int rows() {
      return rows;
    }

    /** Number of rows that {@link #add} would add. */
    public int cost(int[] sequence) {
      return sequence.length - find(sequence).depth;
    }

    /**
     * Adds a sequence. The array is not copied and must not be changed afterwards.
     *
     * @throws IllegalArgumentException if it is empty
     */
    public void add(int[] sequence) {
      if (sequence.length == 0) {
        throw new IllegalArgumentException("empty sequence");
      }
      var place = find(sequence);
      var node = place.node;
      if (node != null && place.depth < node.to) {
        node = node.split(place.depth, node.parent == null ? roots : node.parent.children);
      }
      if (place.depth < sequence.length || node == null) {
        var child = new Node(sequence, place.depth, sequence.length, node);
        (node == null ? roots : node.children).add(child);
        rows += child.length();
        node = child;
      }
      leaves.add(node);
    }

    /** The tree of what was added; the builder is not to be used afterwards. */
    public TokenTree build() {
      return new TokenTree(roots, leaves);
    }

    private record Place(@Nullable Node node, int depth) {}

    /** The deepest place worth sharing: a node and how many tokens of the sequence lead there. */
    private Place find(int[] sequence) {
      Node node = null;
      var depth = 0;
      var children = roots;
      while (true) {
        Node best = null;
        var bestTo = depth;
        for (var child : children) {
          var to = child.from + child.common(sequence);
          if (to > bestTo && to - child.from >= minimumShared) {
            best = child;
            bestTo = to;
          }
        }
        if (best == null) {
          return new Place(node, depth);
        }
        node = best;
        depth = bestTo;
        if (depth < best.to) {
          return new Place(node, depth);
        }
        children = best.children;
      }
    }
  }

  /** Tokens {@code from} to {@code to} of a sequence, below those before {@code from}. */
  private static final class Node {
    private final int[] source;
    private int from;
    private final int to;
    private @Nullable Node parent;
    private final List<Node> children = new ArrayList<>();
    private int index;

    private Node(int[] source, int from, int to, @Nullable Node parent) {
      this.source = source;
      this.from = from;
      this.to = to;
      this.parent = parent;
    }

    private int length() {
      return to - from;
    }

    private int common(int[] sequence) {
      if (from >= sequence.length) {
        return 0;
      }
      var mismatch =
          Arrays.mismatch(source, from, to, sequence, from, Math.min(sequence.length, to));
      return mismatch < 0 ? length() : mismatch;
    }

    /** Cuts off the first tokens up to {@code at} as a new parent, and returns that. */
    private Node split(int at, List<Node> siblings) {
      var upper = new Node(source, from, at, parent);
      siblings.set(siblings.indexOf(this), upper);
      upper.children.add(this);
      parent = upper;
      from = at;
      return upper;
    }

    private void collect(List<Node> nodes) {
      nodes.add(this);
      children.forEach(child -> child.collect(nodes));
    }
  }
}
