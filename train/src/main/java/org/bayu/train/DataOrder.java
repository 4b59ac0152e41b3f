package org.bayu.train;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import org.bayu.tensor.SplitMix64;

/**
 * The order of the rows. Each epoch has all rows once, in a new order. Batches are cut from the
 * stream of epochs, and may span the end of an epoch. The order depends only on seed, epoch and
 * number of rows, so a run can continue from any step.
 *
 * <p>An epoch's order is a Fisher–Yates shuffle: for i = rows − 1 … 1, swap i with j, where j is
 * the upper 64 bits of the 128-bit product of (i + 1) and a 64-bit random number (Lemire 2019; its
 * bias is below rows / 2⁶⁴). The random numbers are those of {@link SplitMix64}, whose state starts
 * as mix(seed + mix(epoch)).
 *
 * <p>Not thread-safe: it keeps the order of the last epoch that was asked for.
 */
public final class DataOrder {
  /** The name of this order; another algorithm would have another. */
  public static final String NAME = "Fisher-Yates by SplitMix64 of seed and epoch";

  private final int rows;
  private final long seed;
  private final int[] order;
  private long epochOfOrder = -1;

  /**
   * @param rows the number of rows, at least 1
   * @param seed of the order
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
   * @param first number of the stream's rows before the batch
   * @param count number of rows of the batch
   * @return the rows' numbers; a batch that spans two epochs may have a row twice
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
