package org.bayu.train.track.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;

/** What the model predicted at the evaluations: the newest is open, the others can be opened. */
final class PredictionTables {
  /** Rows of each kind: worst, best, random. If there are no more in all, all are shown. */
  private static final int OF_A_KIND = 8;

  /** Characters of all tables, about; the older evaluations are left out first. */
  private static final int MOST = 500_000;

  private final NavigableMap<Integer, List<PredictionRows.Row>> steps;

  PredictionTables(NavigableMap<Integer, List<PredictionRows.Row>> steps) {
    this.steps = steps;
  }

  boolean isEmpty() {
    return steps.isEmpty();
  }

  void write(Html html) {
    html.raw("<p>The same rows of the evaluation data at each evaluation, the worst first. ");
    html.raw("In what was expected, <mark class=\"missing\">what the model left out</mark> is ");
    html.raw("marked; in what it predicted, <mark class=\"wrong\">what is not expected</mark>.");
    html.raw("</p>");
    var begin = html.length();
    for (var step : steps.descendingMap().entrySet()) {
      if (html.length() - begin > MOST) {
        html.element(
            "p", "The predictions of earlier evaluations are in tables/eval_predictions.jsonl.");
        break;
      }
      var rows = step.getValue();
      var right = rows.stream().filter(PredictionRows.Row::isRight).count();
      var title =
          "After step %s: %s of %s rows right"
              .formatted(
                  ReportPage.count(step.getKey() + 1L), right, ReportPage.count(rows.size()));
      html.raw(step.getKey().equals(steps.lastKey()) ? "<details open>" : "<details>");
      html.element("summary", title);
      html.table("texts", title, PredictionRows.COLUMNS);
      write(html, rows, step.getKey());
      html.endTable().raw("</details>");
    }
  }

  private static void write(Html html, List<PredictionRows.Row> rows, int step) {
    var sorted = new ArrayList<>(rows);
    sorted.sort(Comparator.comparingDouble(row -> row.diff().likeness()));
    if (sorted.size() <= 3 * OF_A_KIND) {
      sorted.forEach(row -> PredictionRows.write(html, "", row));
      return;
    }
    var worst = sorted.subList(0, OF_A_KIND);
    var best = sorted.subList(sorted.size() - OF_A_KIND, sorted.size()).reversed();
    var others = new ArrayList<>(sorted.subList(OF_A_KIND, sorted.size() - OF_A_KIND));
    Collections.shuffle(others, new Random(step));
    worst.forEach(row -> PredictionRows.write(html, row.isRight() ? "" : "worst", row));
    best.forEach(row -> PredictionRows.write(html, "best", row));
    others.subList(0, OF_A_KIND).forEach(row -> PredictionRows.write(html, "random", row));
  }
}
