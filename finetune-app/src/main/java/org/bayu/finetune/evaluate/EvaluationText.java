package org.bayu.finetune.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Evaluations as tables to read: Markdown, columns aligned. */
public final class EvaluationText {
  private EvaluationText() {}

  /**
   * The tutorial's table: a row for each model.
   *
   * @param models evaluations by the models' names, in the order of the rows
   */
  public static String accuracies(Map<String, Evaluation> models) {
    var table =
        new Table(
            "Model \\ Metric",
            "Function Name Accuracy",
            "Attribute Set Accuracy",
            "Attribute Value Accuracy",
            "Overall Accuracy");
    models.forEach(
        (model, evaluation) -> {
          var scores = evaluation.scores();
          table.add(
              model,
              share(scores.functionNameAccuracy()),
              share(scores.attributeSetAccuracy()),
              share(scores.attributeValueAccuracy()),
              share(scores.overall()));
        });
    return table.toString();
  }

  /** What the tutorial's table leaves out: a row for each model. */
  public static String furtherScores(Map<String, Evaluation> models) {
    var table =
        new Table(
            "Model \\ Metric",
            "Exact Match",
            "Attribute Precision",
            "Attribute Recall",
            "Attribute F1");
    models.forEach(
        (model, evaluation) -> {
          var scores = evaluation.scores();
          table.add(
              model,
              share(scores.exactMatch()),
              share(scores.attributePrecision()),
              share(scores.attributeRecall()),
              share(scores.attributeF1()));
        });
    return table.toString();
  }

  /** A row for each expected function. */
  public static String functions(Evaluation evaluation) {
    var table =
        new Table(
            "Function", "Rows", "Name", "Attribute Set", "Attribute Value", "Overall", "Exact");
    evaluation
        .functions()
        .forEach(
            (function, scores) ->
                table.add(
                    function,
                    Integer.toString(scores.rows()),
                    share(scores.functionNameAccuracy()),
                    share(scores.attributeSetAccuracy()),
                    share(scores.attributeValueAccuracy()),
                    share(scores.overall()),
                    share(scores.exactMatch())));
    return table.toString();
  }

  /** A row for each expected function, a column for each predicted. */
  public static String confusionMatrix(Evaluation evaluation) {
    var matrix = evaluation.confusionMatrix();
    var header = new ArrayList<>(matrix.predicted());
    header.addFirst("Expected \\ Predicted");
    var table = new Table(header.toArray(String[]::new));
    for (var row = 0; row < matrix.expected().size(); row++) {
      var cells = new ArrayList<>(matrix.counts().get(row).stream().map(String::valueOf).toList());
      cells.addFirst(matrix.expected().get(row));
      table.add(cells.toArray(String[]::new));
    }
    return table.toString();
  }

  private static String share(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  private static final class Table {
    private final List<String[]> rows = new ArrayList<>();

    Table(String... header) {
      rows.add(header);
    }

    void add(String... cells) {
      rows.add(cells);
    }

    @Override
    public String toString() {
      var columns = rows.getFirst().length;
      var widths = new int[columns];
      for (var row : rows) {
        for (var column = 0; column < columns; column++) {
          widths[column] = Math.max(widths[column], row[column].length());
        }
      }
      var text = new StringBuilder();
      append(rows.getFirst(), widths, text);
      for (var width : widths) {
        text.append('|').repeat("-", width + 2);
      }
      text.append("|\n");
      rows.stream().skip(1).forEach(row -> append(row, widths, text));
      return text.toString();
    }

    private static void append(String[] row, int[] widths, StringBuilder text) {
      for (var column = 0; column < row.length; column++) {
        text.append("| ")
            .append(row[column])
            .repeat(" ", widths[column] - row[column].length() + 1);
      }
      text.append("|\n");
    }
  }
}
