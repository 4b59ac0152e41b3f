package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import it.unimi.dsi.fastutil.ints.IntList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenizedDataTest {
  private static final List<TokenizedExample> EXAMPLES =
      List.of(
          new TokenizedExample(IntList.of(1, 5, 6, 7, 2), 3),
          new TokenizedExample(IntList.of(), 0),
          new TokenizedExample(IntList.of(1, 2_000_000_000, 2), 1));

  private final TokenizedData data = TokenizedData.of(EXAMPLES);

  @Test
  void examplesComeBackAsTheyWere() {
    assertEquals(EXAMPLES, data);
    assertEquals(8, data.tokens());
  }

  @Test
  void anExamplesTokensEndWhereTheNextOnesBegin() {
    var first = data.getFirst().tokens();
    assertThrows(IndexOutOfBoundsException.class, () -> first.getInt(5));
    assertEquals(IntList.of(6, 7), first.subList(2, 4));
    assertThrows(IndexOutOfBoundsException.class, () -> first.subList(2, 6));
    assertThrows(IndexOutOfBoundsException.class, () -> data.get(3));
  }

  @Test
  void theFirstRowsAreAsBefore() {
    assertEquals(EXAMPLES.subList(0, 2), data.first(2));
    assertEquals(5, data.first(2).tokens());
    assertSame(data, data.first(3));
    assertSame(data, data.first(Long.MAX_VALUE));
  }

  @Test
  void rowsWithoutLossAreLeftOut() {
    var left = data.withLoss(LossMask.DEFAULT);
    assertEquals(List.of(EXAMPLES.get(0), EXAMPLES.get(2)), left);
    assertEquals(8, left.tokens());
    assertSame(left, left.withLoss(LossMask.DEFAULT));
    assertEquals(List.of(EXAMPLES.get(0)), left.first(1));
    var cut = TokenizedData.of(List.of(new TokenizedExample(IntList.of(1, 5), 2)));
    assertEquals(List.of(), cut.withLoss(LossMask.DEFAULT));
    assertEquals(0, cut.withLoss(LossMask.DEFAULT).tokens());
    assertEquals(cut, cut.withLoss(new LossMask(false, LossMask.Offset.FIXED)));
  }
}
