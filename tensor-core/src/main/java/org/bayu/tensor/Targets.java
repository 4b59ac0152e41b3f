package org.bayu.tensor;

import java.util.Arrays;
import java.util.Locale;

/**
 * What rows should predict. Target i says that row {@code rows[i]} should predict class {@code
 * classes[i]}, with weight {@code weights[i]} in the loss. A row may have any number of targets.
 *
 * <p>The arrays are not copied and must not be changed afterwards.
 */
@SuppressWarnings("ArrayRecordComponent") // three columns of a table, compared by nobody
public record Targets(int[] rows, int[] classes, double[] weights) {
  /** Checks that the arrays are equally long. */
  public Targets {
    if (rows.length != classes.length || rows.length != weights.length) {
      throw new ShapeException(
          String.format(
              Locale.ROOT,
              "targets: %d rows, %d classes, %d weights",
              rows.length,
              classes.length,
              weights.length));
    }
  }

  /** One target for each of the rows 0, 1, …, all with weight 1/n: the loss is their mean. */
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
}
