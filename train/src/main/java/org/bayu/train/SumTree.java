package org.bayu.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;

/**
 * A sum whose order of additions depends only on the number of its terms: a binary tree over terms
 * 0 … n − 1. On level l node i is the sum of the terms from i·2ˡ on, 2ˡ of them or as many as there
 * are. Terms come in their order; what is next to each other in the tree is added as soon as both
 * are there. So terms 0 … k and k + 1 … n − 1 can be added in two places, and the nodes that are
 * left there put together in a third: the additions are the same.
 *
 * @param <T> what is added
 */
final class SumTree<T> {
  private final int terms;
  private final BinaryOperator<T> addition;
  private final List<Node> nodes = new ArrayList<>();
  private final List<T> values = new ArrayList<>();

  /** A place in the tree; the terms are level 0. */
  record Node(int level, int index) {
    private Node parent() {
      return new Node(level + 1, index / 2);
    }
  }

  /**
   * An empty sum.
   *
   * @param addition of a node and the next one
   */
  SumTree(int terms, BinaryOperator<T> addition) {
    this.terms = terms;
    this.addition = addition;
  }

  /** Adds the next term or node. */
  void add(Node node, T value) {
    var at = node;
    var sum = value;
    while ((1L << at.level) < terms) {
      var isRight = at.index % 2 == 1;
      if (isRight && !nodes.isEmpty() && isLeftOf(nodes.getLast(), at)) {
        nodes.removeLast();
        sum = addition.apply(values.removeLast(), sum);
      } else if (isRight || ((at.index + 1L) << at.level) < terms) {
        break; // a neighbour is still to come
      }
      at = at.parent();
    }
    nodes.add(at);
    values.add(sum);
  }

  private static boolean isLeftOf(Node left, Node right) {
    return left.level == right.level && left.index == right.index - 1;
  }

  /** The nodes that have no neighbour yet; one if all terms are there. */
  List<Node> nodes() {
    return nodes;
  }

  /** Their sums. */
  List<T> values() {
    return values;
  }
}
