package org.bayu.train.track.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** Of many rows the worst, the best and some others; of few all. */
final class PredictionChoice {
  /** Rows of each of the three kinds. */
  static final int OF_A_KIND = 8;

  /** The worst first; among rows that are equally good, those with the most to say are better. */
  static final Comparator<PredictionRows.Row> WORST_FIRST =
      Comparator.<PredictionRows.Row>comparingDouble(row -> row.diff().likeness())
          .thenComparingInt(row -> row.expected().length());

  private PredictionChoice() {}

  /** Whether of so many rows all are shown. */
  static boolean isAll(int rows) {
    return rows <= 3 * OF_A_KIND;
  }

  /** What is shown of so many rows, for the end of a sentence. */
  static String words(int rows) {
    return isAll(rows)
        ? "all are shown, the worst first"
        : "the %s worst, the %s best and %s others at random are shown"
            .formatted(OF_A_KIND, OF_A_KIND, OF_A_KIND);
  }

  /**
   * Writes rows of {@link PredictionRows#COLUMNS}.
   *
   * @param seed of what is random
   */
  static void write(Html html, List<PredictionRows.Row> rows, long seed) {
    var sorted = new ArrayList<>(rows);
    sorted.sort(WORST_FIRST);
    if (isAll(sorted.size())) {
      sorted.forEach(row -> PredictionRows.write(html, "", row));
      return;
    }
    var worst = sorted.subList(0, OF_A_KIND);
    var best = sorted.subList(sorted.size() - OF_A_KIND, sorted.size()).reversed();
    var others = new ArrayList<>(sorted.subList(OF_A_KIND, sorted.size() - OF_A_KIND));
    Collections.shuffle(others, new Random(seed));
    worst.forEach(row -> PredictionRows.write(html, row.isRight() ? "" : "worst", row));
    best.forEach(row -> PredictionRows.write(html, "best", row));
    others.subList(0, OF_A_KIND).forEach(row -> PredictionRows.write(html, "random", row));
  }
}
