package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import org.junit.jupiter.api.Test;

class LossMaskTest {
  private static final LossMask TUTORIAL = new LossMask(true, LossMask.Offset.TUTORIAL);
  private static final LossMask WHOLE = new LossMask(false, LossMask.Offset.FIXED);

  private static TokenizedExample example(int tokens, int sourceLength) {
    return new TokenizedExample(IntArrayList.wrap(new int[tokens]), sourceLength);
  }

  private static void assertRange(int begin, int end, LossMask mask, TokenizedExample example) {
    assertEquals(begin, mask.begin(example));
    assertEquals(end, mask.end(example));
    assertEquals(end - begin, mask.count(example));
  }

  @Test
  void lossBeginsAtThePromptsLastTokenAndEndsBeforeTheLast() {
    assertRange(3, 9, LossMask.DEFAULT, example(10, 4));
  }

  @Test
  void theTutorialsMaskLeavesOutTheAnswersFirstToken() {
    assertRange(4, 9, TUTORIAL, example(10, 4));
  }

  @Test
  void unmaskedInputsHaveLossEverywhereButAtTheEnd() {
    assertRange(0, 9, WHOLE, example(10, 4));
    assertRange(0, 9, new LossMask(false, LossMask.Offset.TUTORIAL), example(10, 4));
  }

  @Test
  void anExampleCutWithinItsPromptHasNoLoss() {
    assertRange(9, 9, LossMask.DEFAULT, example(10, 10));
    assertRange(10, 10, TUTORIAL, example(10, 10));
  }

  @Test
  void anExampleOfOneTokenHasNoLoss() {
    assertRange(0, 0, LossMask.DEFAULT, example(1, 1));
    assertRange(0, 0, WHOLE, example(1, 0));
  }

  @Test
  void anEmptyPromptHasNoPositionBeforeTheFirst() {
    assertRange(0, 4, LossMask.DEFAULT, example(5, 0));
  }
}
