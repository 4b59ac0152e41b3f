package org.bayu.train.track.report;

import java.util.List;
import java.util.NavigableMap;

/** What the model predicted at the evaluations: the newest is open, the others can be opened. */
final class PredictionTables {
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
    var last = steps.lastEntry().getValue().size();
    html.raw("<p>")
        .text(
            ("At each evaluation the model answers the same %s rows of the evaluation data, as many"
                    + " as trainer.eval_predictions says. Of these %s rows %s. ")
                .formatted(
                    ReportPage.count(last), ReportPage.count(last), PredictionChoice.words(last)));
    PredictionRows.legend(html);
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
      PredictionChoice.write(html, rows, step.getKey());
      html.endTable().raw("</details>");
    }
  }
}
