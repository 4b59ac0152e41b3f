package org.bayu.tensor.autograd;

import java.util.Arrays;
import org.bayu.tensor.ShapeException;

/**
 * What rows should predict: target i says that row {@code rows[i]} should predict class {@code
 * classes[i]}, and counts {@code weights[i]}. A row may have any number of targets.
 *
 * <p>The arrays are taken as they are and must not be changed afterwards.
 */
@SuppressWarnings("ArrayRecordComponent") // three columns of a table, compared by nobody
public record Targets(int[] rows, int[] classes, double[] weights) {
  /** Checks that the arrays are equally long. */
  public Targets {
    if (rows.length != classes.length || rows.length != weights.length) {
      throw new ShapeException(
          "targets: %d rows, %d classes, %d weights"
              .formatted(rows.length, classes.length, weights.length));
    }
  }

  /** Each target of rows 0, 1, … in turn, all of weight 1/n: their mean. */
  public static Targets mean(int... classes) {
    var rows = new int[classes.length];
    Arrays.setAll(rows, i -> i);
    var weights = new double[classes.length];
    Arrays.fill(weights, 1.0 / classes.length);
    return new Targets(rows, classes, weights);
  }

  /** Number of targets. */
  public int size() {
    return rows.length;
  }

  /** The targets row by row, each row's in the order given. */
  Grouped grouped() {
    var order = new long[rows.length];
    Arrays.setAll(order, i -> (long) rows[i] << 32 | i);
    Arrays.sort(order);
    var distinct = new int[rows.length];
    var starts = new int[rows.length + 1];
    var targets = new int[rows.length];
    var groups = 0;
    for (var i = 0; i < order.length; i++) {
      targets[i] = (int) order[i];
      var row = rows[targets[i]];
      if (groups == 0 || distinct[groups - 1] != row) {
        starts[groups] = i;
        distinct[groups++] = row;
      }
    }
    starts[groups] = order.length;
    return new Grouped(Arrays.copyOf(distinct, groups), Arrays.copyOf(starts, groups + 1), targets);
  }

  /**
   * Targets by row.
   *
   * @param rows distinct, ascending
   * @param starts group g's targets are {@code targets[starts[g]]} to {@code targets[starts[g + 1]
   *     − 1]}
   * @param targets indices into the columns
   */
  @SuppressWarnings("ArrayRecordComponent") // as above
  record Grouped(int[] rows, int[] starts, int[] targets) {}
}
