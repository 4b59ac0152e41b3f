package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MicroBatchesTest {
  /** An example that has loss everywhere. */
  private static TokenizedExample example(int tokens) {
    return new TokenizedExample(new IntArrayList(IntStream.range(0, tokens).toArray()), 0);
  }

  @Test
  void theLargestComeFirstAndEqualOnesStayInTheirOrder() {
    var batch = List.of(example(4), example(9), example(4), example(7), example(9));
    var cut = new MicroBatches(LossMask.DEFAULT, 4096, 1, Integer.MAX_VALUE).cut(batch);
    var ordered = MicroBatches.largestFirst(cut);
    assertEquals(
        List.of(IntList.of(1), IntList.of(4), IntList.of(3), IntList.of(0), IntList.of(2)),
        ordered.stream().map(MicroBatches.MicroBatch::examples).toList());
    // Two ranks: rounds of (1, 4), (3, 0) and (2), 8 + 6 + 3 tokens after another instead of 19.
    assertEquals(List.of(8, 8, 6, 3, 3), ordered.stream().map(each -> each.tree().rows()).toList());
  }
}
