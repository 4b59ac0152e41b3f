package org.bayu.llama;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.bayu.tensor.AttentionSegments.Range;
import org.junit.jupiter.api.Test;

class TokenTreeTest {
  @Test
  void sequencesThatBeginAlikeShareRows() {
    var tree = TokenTree.of(List.of(new int[] {1, 2, 3, 4}, new int[] {1, 2, 3, 5, 6}), 2);
    assertEquals(6, tree.rows());
    assertEquals(tree.row(0, 2), tree.row(1, 2));
    assertArrayEquals(new int[] {0, 1, 2, 3, 3, 4}, tree.positions());
    assertEquals(3, tree.attention().segments().size());
    assertEquals(List.of(new Range(0, 3)), tree.attention().segments().getLast().context());
  }

  @Test
  void shortPrefixesStayUnshared() {
    assertEquals(
        9, TokenTree.of(List.of(new int[] {1, 2, 3, 4}, new int[] {1, 2, 3, 5, 6}), 4).rows());
  }

  @Test
  void equalSequencesShareAllTheirRows() {
    var tree = TokenTree.of(List.of(new int[] {7, 8, 9}, new int[] {7, 8, 9}), 1);
    assertEquals(3, tree.rows());
    assertEquals(tree.row(0, 2), tree.row(1, 2));
  }

  @Test
  void aSequenceMayEndInsideAnother() {
    var tree = TokenTree.of(List.of(new int[] {1, 2, 3, 4}, new int[] {1, 2}), 1);
    assertEquals(4, tree.rows());
    assertEquals(List.of(new Range(0, 2)), tree.path(1));
    assertEquals(List.of(new Range(0, 4)), tree.path(0));
  }

  @Test
  void nothingIsSharedWhenAskedNotTo() {
    var sequence = new int[] {1, 2, 3};
    assertEquals(6, TokenTree.of(List.of(sequence, sequence), Integer.MAX_VALUE).rows());
  }

  @Test
  void anEmptySequenceIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> TokenTree.of(List.of(new int[0]), 1));
  }

  /** Every token is found at its row and position, and sees exactly its own past. */
  @Test
  void everyTokenSeesItsOwnPast() {
    for (var seed = 0; seed < 200; seed++) {
      var random = new SplittableRandom(seed);
      var sequences = new ArrayList<int[]>();
      for (var i = 0; i < 1 + random.nextInt(12); i++) {
        sequences.add(random.ints(1 + random.nextInt(12), 0, 2).toArray());
      }
      var minimumShared = 1 + random.nextInt(4);
      var builder = new TokenTree.Builder(minimumShared);
      for (var sequence : sequences) {
        var expected = builder.rows() + builder.cost(sequence);
        builder.add(sequence);
        assertEquals(expected, builder.rows(), "seed " + seed);
      }
      var tree = builder.build();
      assertEquals(sequences.size(), tree.sequences());
      for (var s = 0; s < sequences.size(); s++) {
        var past = new ArrayList<Integer>();
        for (var p = 0; p < sequences.get(s).length; p++) {
          var row = tree.row(s, p);
          past.add(row);
          assertEquals(sequences.get(s)[p], tree.tokens()[row], "seed " + seed);
          assertEquals(p, tree.positions()[row], "seed " + seed);
          assertEquals(new HashSet<>(past), visible(tree, row), "seed " + seed);
        }
        assertEquals(past, rows(tree.path(s)), "seed " + seed);
      }
    }
  }

  private static List<Integer> rows(List<Range> ranges) {
    var rows = new ArrayList<Integer>();
    for (var range : ranges) {
      for (var i = 0; i < range.length(); i++) {
        rows.add(range.start() + i);
      }
    }
    return rows;
  }

  private static Set<Integer> visible(TokenTree tree, int row) {
    for (var segment : tree.attention().segments()) {
      if (row < segment.queryStart() + segment.queryLength()) {
        var seen = new HashSet<>(rows(segment.context()));
        for (var key = segment.keyStart(); key <= row; key++) {
          seen.add(key);
        }
        return seen;
      }
    }
    throw new AssertionError("row " + row + " is in no segment");
  }
}
