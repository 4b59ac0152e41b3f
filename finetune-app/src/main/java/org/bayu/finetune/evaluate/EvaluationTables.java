package org.bayu.finetune.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bayu.train.track.Table;

/** An evaluation as tables for trackers. */
final class EvaluationTables {
  private EvaluationTables() {}

  /** A row for each pair of names, in the order of the matrix. */
  static Table confusions(ConfusionMatrix matrix) {
    var rows = new ArrayList<List<String>>();
    for (var row = 0; row < matrix.expected().size(); row++) {
      for (var column = 0; column < matrix.predicted().size(); column++) {
        rows.add(
            List.of(
                matrix.expected().get(row),
                matrix.predicted().get(column),
                Integer.toString(matrix.counts().get(row).get(column))));
      }
    }
    return new Table(List.of("expected", "predicted", "rows"), rows);
  }

  /** The scores; where the rows can be ViGGO's, beside the tutorial's. */
  static Table scores(Scores scores, List<Prediction> predictions) {
    var rows = new ArrayList<List<String>>();
    rows.add(row(String.format(Locale.ROOT, "This run, %,d rows", scores.rows()), scores));
    for (var tutorial : TutorialScores.beside(predictions)) {
      rows.add(
          List.of(
              "Tutorial on ViGGO's 714 rows: " + tutorial.model(),
              share(tutorial.functionName()),
              share(tutorial.attributeSet()),
              share(tutorial.attributeValue()),
              share(tutorial.overall()),
              "–",
              "–"));
    }
    return new Table(columns("model"), rows);
  }

  /** The scores of the rows that expect each function. */
  static Table functions(Map<String, Scores> functions) {
    var columns = new ArrayList<>(columns("function"));
    columns.add("rows");
    var rows = new ArrayList<List<String>>();
    functions.forEach(
        (name, scores) -> {
          var row = new ArrayList<>(row(name, scores));
          row.add(Integer.toString(scores.rows()));
          rows.add(row);
        });
    return new Table(columns, rows);
  }

  private static List<String> columns(String first) {
    return List.of(
        first,
        "function name",
        "attribute set",
        "attribute value",
        "overall",
        "exact text",
        "exact match");
  }

  private static List<String> row(String of, Scores scores) {
    return List.of(
        of,
        share(scores.functionNameAccuracy()),
        share(scores.attributeSetAccuracy()),
        share(scores.attributeValueAccuracy()),
        share(scores.overall()),
        share(scores.exactText()),
        share(scores.exactMatch()));
  }

  private static String share(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
