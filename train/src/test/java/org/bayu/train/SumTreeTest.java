package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SumTreeTest {
  @Test
  void neighboursAreAddedFirst() {
    assertEquals("0", sum(1, 0, 1));
    assertEquals("((01)2)", sum(3, 0, 3));
    assertEquals("(((01)(23))((45)6))", sum(7, 0, 7));
  }

  @Test
  void theAdditionsAreTheSameWhereverTheTermsAreCut() {
    for (var n = 1; n <= 17; n++) {
      var whole = sum(n, 0, n);
      for (var first = 0; first <= n; first++) {
        for (var second = first; second <= n; second++) {
          assertEquals(whole, sum(n, 0, first, second, n), n + " terms");
        }
      }
    }
  }

  /** The sum of terms that are added in several places, from one bound to the next. */
  private static String sum(int terms, int... bounds) {
    var all = new SumTree<String>(terms, SumTreeTest::brackets);
    for (var place = 1; place < bounds.length; place++) {
      var part = new SumTree<String>(terms, SumTreeTest::brackets);
      for (var i = bounds[place - 1]; i < bounds[place]; i++) {
        part.add(new SumTree.Node(0, i), Integer.toString(i));
      }
      for (var i = 0; i < part.nodes().size(); i++) {
        all.add(part.nodes().get(i), part.values().get(i));
      }
    }
    assertEquals(1, all.values().size());
    return all.values().getFirst();
  }

  private static String brackets(String left, String right) {
    return "(" + left + right + ")";
  }
}
