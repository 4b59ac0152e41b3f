package org.bayu.finetune.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.train.LossMask;
import org.bayu.train.TokenizedData;
import org.bayu.train.TokenizedExample;
import org.bayu.train.data.LengthLimit;

/** What a run's user should know of the data. */
public final class DataReport {
  private DataReport() {}

  /** A line on the rows and tokens, and one on each thing that befell some rows. */
  public static List<String> lines(TokenizedData data, LossMask mask, LengthLimit limit) {
    var longest = data.stream().mapToInt(example -> example.tokens().size()).max().orElse(0);
    var withLoss = data.stream().mapToLong(mask::count).sum();
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%,d %s, %,d tokens, %,d of them with loss; the longest row has %,d.",
            data.size(),
            data.size() == 1 ? "row" : "rows",
            data.tokens(),
            withLoss,
            longest));
    var counts = data.counts();
    add(lines, counts.skippedRows(), "bad row was skipped.", "bad rows were skipped.");
    add(
        lines,
        counts.truncatedRows(),
        "row was longer than the limit and cut on the right (" + limit + ").",
        "rows were longer than the limit and cut on the right (" + limit + ").");
    add(
        lines,
        counts.mergedRows(),
        "row has a prompt whose last tokens merge with the output's first.",
        "rows have a prompt whose last tokens merge with the output's first.");
    add(
        lines,
        counts.spellingRows(),
        "row spells a special token, which stays text (special_tokens_in_rows: true reads it).",
        "rows spell a special token, which stays text (special_tokens_in_rows: true reads it).");
    var lost = lost(data, mask);
    var advice = isCut(lost, limit) ? " " + limit.advice() : "";
    add(
        lines,
        lost.size(),
        "row has no token with loss and is left out." + advice,
        "rows have no token with loss and are left out." + advice);
    return lines;
  }

  /** Why no row at all has a token with loss, and what to do, without the file's name. */
  public static String nothingLeft(TokenizedData data, LossMask mask, LengthLimit limit) {
    return isCut(lost(data, mask), limit)
        ? "no row has a token to learn, because every answer is cut off by the limit (%s). %s"
            .formatted(limit, limit.advice())
        : "no row has a token to learn. Give the rows outputs"
            + (mask.offset() == LossMask.Offset.TUTORIAL
                ? " of more than one token, or leave out mask_offset: tutorial."
                : ".");
  }

  private static List<TokenizedExample> lost(TokenizedData data, LossMask mask) {
    return data.stream().filter(example -> mask.count(example) == 0).toList();
  }

  /** Whether it was the limit that took the answer of one of the examples. */
  private static boolean isCut(List<TokenizedExample> lost, LengthLimit limit) {
    return lost.stream().anyMatch(example -> example.tokens().size() == limit.tokens());
  }

  private static void add(List<String> lines, int rows, String one, String more) {
    if (rows > 0) {
      lines.add(String.format(Locale.ROOT, "%,d %s", rows, rows == 1 ? one : more));
    }
  }
}
