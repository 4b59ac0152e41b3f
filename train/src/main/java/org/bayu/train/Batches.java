package org.bayu.train;

import java.util.List;

/**
 * The examples of each step. The rows come in the order of a {@link DataOrder}, and each step takes
 * the next ones.
 */
public final class Batches {
  private final TokenizedData data;
  private final BatchSizes sizes;
  private final DataOrder order;

  /**
   * Batches of a run.
   *
   * @param data at least one row
   * @param seed of the data's order
   */
  public Batches(TokenizedData data, BatchSizes sizes, long seed) {
    this.data = data;
    this.sizes = sizes;
    order = new DataOrder(data.size(), seed);
  }

  /** The examples of a step, counted from 0. They do not depend on earlier calls. */
  public List<TokenizedExample> of(int step) {
    return order
        .rows(sizes.rowsBefore(step), sizes.at(step))
        .intStream()
        .mapToObj(data::get)
        .toList();
  }
}
