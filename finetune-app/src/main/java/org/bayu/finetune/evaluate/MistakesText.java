package org.bayu.finetune.evaluate;

import static java.util.stream.Collectors.joining;

import java.util.List;
import java.util.Locale;
import org.bayu.tensor.io.Printable;

/** An evaluation's mistakes, to read on a terminal. */
public final class MistakesText {
  /** Wrong rows that are shown. */
  private static final int EXAMPLES = 5;

  private MistakesText() {}

  /** A row for each kind of mistake, then some wrong rows with what was expected and predicted. */
  public static String of(Evaluation evaluation, List<Prediction> predictions) {
    var wrong = Evaluation.wrongRows(predictions);
    if (wrong.isEmpty()) {
      return "No row is wrong.\n";
    }
    var table = new TextTable("Mistake", "Rows");
    evaluation
        .mistakes()
        .forEach((mistake, rows) -> table.add(mistake.words(), Integer.toString(rows)));
    var text = new StringBuilder(table.toString());
    wrong.stream().limit(EXAMPLES).forEach(row -> append(row, text));
    if (wrong.size() > EXAMPLES) {
      text.append(
          String.format(
              Locale.ROOT,
              "%nand %,d more: %s has all.%n",
              wrong.size() - EXAMPLES,
              Evaluation.MISTAKES_FILE_NAME));
    }
    return text.toString();
  }

  private static void append(WrongRow row, StringBuilder text) {
    text.append(
        String.format(
            Locale.ROOT,
            "%nRow %,d: %s.%n  input      %s%n  expected   %s%n  predicted  %s%n",
            row.row(),
            row.comparison().mistakes().stream().map(Mistake::words).collect(joining(", ")),
            Printable.message(row.input()),
            Printable.message(row.expected()),
            Printable.message(row.predicted())));
  }
}
