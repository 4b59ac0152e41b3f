package org.bayu.train;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import org.bayu.tensor.SplitMix64;

/**
 * Which rows a step takes: each epoch goes through all rows once in an order of its own, and the
 * stream of epochs is cut into batches without regard to where an epoch ends. The order follows
 * from seed, epoch and number of rows alone, so a run can go on from any step.
 *
 * <p>An epoch's order is a Fisher–Yates shuffle: for i = rows − 1 … 1, swap i with j, where j is
 * the upper 64 bits of the 128-bit product of (i + 1) and a 64-bit random number (Lemire 2019; its
 * bias is below rows / 2⁶⁴). The random numbers are those of {@link SplitMix64}, whose state starts
 * as mix(seed + mix(epoch)).
 *
 * <p>Not for several threads at once: the order of the last epoch asked for is kept.
 */
public final class DataOrder {
  private final int rows;
  private final long seed;
  private final int[] order;
  private long epochOfOrder = -1;

  /**
   * @param rows the number of rows, at least 1
   * @param seed gives another order for another seed
   */
  public DataOrder(int rows, long seed) {
    if (rows < 1) {
      throw new IllegalArgumentException("no rows to order");
    }
    this.rows = rows;
    this.seed = seed;
    order = new int[rows];
  }

  /**
   * The rows of a batch.
   *
   * @param first rows of the stream before the batch
   * @param count rows of the batch
   * @return the rows' numbers; a row comes twice where the batch spans two epochs
   */
  public IntList rows(long first, int count) {
    var batch = new IntArrayList(count);
    for (var position = first; position < first + count; position++) {
      batch.add(row(position));
    }
    return batch;
  }

  private int row(long position) {
    var epoch = position / rows;
    if (epoch != epochOfOrder) {
      shuffle(epoch);
      epochOfOrder = epoch;
    }
    return order[(int) (position % rows)];
  }

  private void shuffle(long epoch) {
    for (var i = 0; i < rows; i++) {
      order[i] = i;
    }
    var random = new SplitMix64(SplitMix64.mix(seed + SplitMix64.mix(epoch)));
    for (var i = rows - 1; i > 0; i--) {
      var j = (int) Math.unsignedMultiplyHigh(random.next(), i + 1L);
      var swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
  }
}
