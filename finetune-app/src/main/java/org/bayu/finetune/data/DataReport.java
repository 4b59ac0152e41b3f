package org.bayu.finetune.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a run's user should know of the data. */
public final class DataReport {
  private DataReport() {}

  /** A line on the rows and tokens, and one on each thing that befell some rows. */
  public static List<String> lines(TokenizedData data, LossMask mask) {
    var longest = data.stream().mapToInt(example -> example.tokens().size()).max().orElse(0);
    var withLoss = data.stream().mapToLong(mask::count).sum();
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%,d rows, %,d tokens, %,d of them with loss; the longest row has %,d.",
            data.size(),
            data.tokens(),
            withLoss,
            longest));
    var counts = data.counts();
    add(lines, counts.skippedRows(), "bad rows were skipped");
    add(lines, counts.truncatedRows(), "rows were longer than the limit and cut on the right");
    add(
        lines,
        counts.mergedRows(),
        "rows have a prompt whose last tokens merge with the output's first");
    add(lines, data.rowsWithoutLoss(mask), "rows have no token with loss and teach nothing");
    return lines;
  }

  private static void add(List<String> lines, int rows, String what) {
    if (rows > 0) {
      lines.add(String.format(Locale.ROOT, "%,d %s.", rows, what));
    }
  }
}
