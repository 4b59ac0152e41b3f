package org.bayu.train.track.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bayu.train.track.Table;

/** The tables of an evaluation: scores, confusion matrix, predictions, and whatever else. */
final class EvaluationTables {
  private static final String CONFUSION = "confusions";
  private static final String PREDICTIONS = "predictions";

  /** Shown before the other tables. */
  private static final String SCORES = "scores";

  /** Rows that are not right at most. */
  private static final int WRONG = 150;

  /** Of the choice among the predictions: a page written anew shows the same rows. */
  private static final long SEED = 1;

  /** Rows of another table at most. */
  private static final int ROWS = 200;

  /** A matrix of more names than that is too large to look at. */
  private static final int NAMES = 100;

  /** Characters of the predictions, about. */
  private static final int MOST = 400_000;

  private final RunData data;

  EvaluationTables(RunData data) {
    this.data = data;
  }

  boolean isEmpty() {
    return data.tables().isEmpty();
  }

  void write(Html html) {
    var scores = data.table(SCORES);
    if (scores != null) {
      plain(html, SCORES, scores);
    }
    var confusion = data.table(CONFUSION);
    if (confusion != null) {
      heatMap(html, confusion);
    }
    data.tables()
        .forEach(
            (name, table) -> {
              if (!Set.of(SCORES, CONFUSION, PREDICTIONS).contains(name)) {
                plain(html, name, table);
              }
            });
    var predictions = data.table(PREDICTIONS);
    if (predictions != null) {
      predictions(html, predictions);
    }
  }

  private static String title(String name) {
    var words = name.replace('_', ' ');
    return words.isEmpty() ? "Table" : Character.toUpperCase(words.charAt(0)) + words.substring(1);
  }

  /** A table as it is; its first column names the rows. */
  private static void plain(Html html, String name, Table table) {
    html.element("h3", title(name)).table("plain", title(name), table.columns());
    for (var row : table.rows().subList(0, Math.min(ROWS, table.rows().size()))) {
      html.raw("<tr>");
      for (var column = 0; column < row.size(); column++) {
        if (column == 0) {
          html.element("th scope=\"row\" dir=\"auto\"", PredictionRows.shortened(row.getFirst()));
        } else {
          html.cell(PredictionRows.shortened(row.get(column)));
        }
      }
      html.raw("</tr>");
    }
    html.endTable();
    if (table.rows().size() > ROWS) {
      html.element(
          "p",
          "The first %s of %s rows; tables/%s.jsonl has all."
              .formatted(ROWS, ReportPage.count(table.rows().size()), name));
    }
  }

  /**
   * A table with the columns expected, predicted, rows as a matrix: the stronger the color, the
   * more rows.
   */
  private static void heatMap(Html html, Table table) {
    var counts = new LinkedHashMap<String, Map<String, Long>>();
    var columns = new LinkedHashSet<String>();
    for (var cell : table.rows()) {
      var rows = cell.get(2).matches("\\d{1,18}") ? Long.parseLong(cell.get(2)) : 0L;
      columns.add(cell.get(1));
      counts.computeIfAbsent(cell.get(0), _ -> new LinkedHashMap<>()).put(cell.get(1), rows);
    }
    html.element("h3", "Confusion matrix");
    if (columns.size() > NAMES) {
      html.element(
          "p",
          "It has %s columns; tables/confusions.jsonl has it."
              .formatted(ReportPage.count(columns.size())));
      return;
    }
    html.element(
        "p",
        "A row for each expected function name, a column for each predicted one. The stronger"
            + " a cell's color, the greater its share of the row.");
    var names = new ArrayList<>(List.of("expected ↓, predicted →"));
    names.addAll(columns);
    html.table("heat", "Confusion matrix: rows by expected and predicted name", names);
    counts.forEach(
        (expected, row) -> {
          var all = Math.max(1, row.values().stream().mapToLong(Long::longValue).sum());
          html.raw("<tr>").element("th scope=\"row\"", expected);
          for (var predicted : columns) {
            var count = row.getOrDefault(predicted, 0L);
            var level = count == 0 ? 0 : Math.max(1, Math.round(10.0 * count / all));
            var kind = expected.equals(predicted) ? " right" : "";
            html.element("td class=\"h%s%s\"".formatted(level, kind), Long.toString(count));
          }
          html.raw("</tr>");
        });
    html.endTable();
  }

  private static void predictions(Html html, Table table) {
    var rows = PredictionRows.of(table);
    var wrong =
        rows.stream().filter(row -> !row.isRight()).sorted(PredictionChoice.WORST_FIRST).toList();
    html.element("h3", "Predictions").raw("<p>");
    html.text(
        "Of the evaluation's %s rows %s are right, letter by letter. Of all %s rows %s. "
            .formatted(
                ReportPage.count(rows.size()),
                ReportPage.count((long) rows.size() - wrong.size()),
                ReportPage.count(rows.size()),
                PredictionChoice.words(rows.size())));
    PredictionRows.legend(html);
    html.raw("</p>").table("texts", "Predictions", PredictionRows.COLUMNS);
    PredictionChoice.write(html, rows, SEED);
    html.endTable();
    if (!PredictionChoice.isAll(rows.size()) && !wrong.isEmpty()) {
      wrong(html, wrong);
    }
  }

  private static void wrong(Html html, List<PredictionRows.Row> wrong) {
    var title =
        "The %s rows that are not right, the worst first".formatted(ReportPage.count(wrong.size()));
    html.raw("<details>").element("summary", title);
    html.table("texts", title, PredictionRows.COLUMNS);
    var begin = html.length();
    var shown = 0;
    for (var row : wrong) {
      if (shown == WRONG || html.length() - begin > MOST) {
        break;
      }
      PredictionRows.write(html, "", row);
      shown++;
    }
    html.endTable();
    if (shown < wrong.size()) {
      html.element(
          "p",
          "These are the worst %s of them; tables/predictions.jsonl has all."
              .formatted(ReportPage.count(shown)));
    }
    html.raw("</details>");
  }
}
