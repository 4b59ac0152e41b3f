package org.bayu.finetune.evaluate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Evaluations to read on a terminal of 80 columns: tables are Markdown, columns aligned. */
public final class EvaluationText {
  /** Characters of a function's name at most. */
  private static final int NAME = 24;

  /** Lines of confusions at most. */
  private static final int CONFUSIONS = 20;

  private EvaluationText() {}

  /**
   * The tutorial's table: a row for each of some scores.
   *
   * @param scores by what they are of, in the order of the rows
   */
  public static String accuracies(Map<String, Scores> scores) {
    var table =
        new TextTable("Accuracy", "Function Name", "Attribute Set", "Attribute Value", "Overall");
    scores.forEach(
        (of, each) ->
            table.add(
                of,
                share(each.functionNameAccuracy()),
                share(each.attributeSetAccuracy()),
                share(each.attributeValueAccuracy()),
                share(each.overall())));
    return table.toString();
  }

  /** The same of one evaluation: over all rows and, where some have no answer, over the others. */
  public static String accuracies(Evaluation evaluation) {
    return accuracies(scores(evaluation));
  }

  /** The same of one evaluation. */
  public static String exactness(Evaluation evaluation) {
    return exactness(scores(evaluation));
  }

  private static Map<String, Scores> scores(Evaluation evaluation) {
    var scores = new LinkedHashMap<String, Scores>();
    scores.put(
        String.format(Locale.ROOT, "all %,d rows", evaluation.scores().rows()),
        evaluation.scores());
    var answered = evaluation.answered();
    if (answered != null) {
      scores.put(String.format(Locale.ROOT, "%,d answered", answered.rows()), answered);
    }
    return scores;
  }

  /**
   * What is right to the letter: a row for each of some scores.
   *
   * @param scores by what they are of, in the order of the rows
   */
  public static String exactness(Map<String, Scores> scores) {
    var table =
        new TextTable("To the letter", "Text", "Call", "Attr. Precision", "Attr. Recall", "F1");
    scores.forEach(
        (of, each) ->
            table.add(
                of,
                share(each.exactText()),
                share(each.exactMatch()),
                share(each.attributePrecision()),
                share(each.attributeRecall()),
                share(each.attributeF1())));
    return table.toString();
  }

  /** A line on each thing that befell some answers; none where all are whole. */
  public static List<String> lines(Evaluation evaluation) {
    var ends = evaluation.ends();
    var lines = new ArrayList<String>();
    add(
        lines,
        evaluation.scores().rows() - ends.answeredRows(),
        "rows have no answer: their prompts are longer than the positions");
    add(lines, ends.answersCutByMaxNewTokens(), "answers were cut at max_new_tokens");
    add(lines, ends.answersCutByPositions(), "answers were cut at the model's last position");
    return lines;
  }

  private static void add(List<String> lines, int rows, String what) {
    if (rows > 0) {
      lines.add(String.format(Locale.ROOT, "%,d %s.", rows, what));
    }
  }

  /** A row for each expected function. */
  public static String functions(Evaluation evaluation) {
    var table = new TextTable("Function", "Rows", "Name", "Set", "Value", "Overall", "Exact");
    evaluation
        .functions()
        .forEach(
            (function, scores) ->
                table.add(
                    cut(function),
                    Integer.toString(scores.rows()),
                    share(scores.functionNameAccuracy()),
                    share(scores.attributeSetAccuracy()),
                    share(scores.attributeValueAccuracy()),
                    share(scores.overall()),
                    share(scores.exactMatch())));
    return table.toString();
  }

  /** Which function names were taken for which, the most frequent first. */
  public static String confusions(Evaluation evaluation) {
    var found = confusions(evaluation.confusionMatrix());
    if (found.isEmpty()) {
      return "No function name was taken for another.\n";
    }
    var table = new TextTable("Expected", "Predicted", "Rows");
    found.stream()
        .limit(CONFUSIONS)
        .forEach(each -> table.add(each.expected, each.predicted, Integer.toString(each.rows)));
    var more = found.size() - CONFUSIONS;
    return more <= 0
        ? table.toString()
        : String.format(
            Locale.ROOT, "%sand %,d more: %s has all.%n", table, more, Evaluation.FILE_NAME);
  }

  private record Confusion(String expected, String predicted, int rows) {}

  private static List<Confusion> confusions(ConfusionMatrix matrix) {
    var names = matrix.predicted().size() - 2; // behind them are other names and none
    var found = new ArrayList<Confusion>();
    for (var row = 0; row < matrix.expected().size(); row++) {
      for (var column = 0; column < names + 2; column++) {
        var rows = matrix.counts().get(row).get(column);
        var isRight = row < names ? row == column : column == names + 1;
        if (rows > 0 && !isRight) {
          found.add(
              new Confusion(
                  label(matrix.expected().get(row), row < names),
                  label(matrix.predicted().get(column), column < names),
                  rows));
        }
      }
    }
    found.sort(Comparator.comparingInt(Confusion::rows).reversed());
    return found;
  }

  private static String label(String name, boolean isName) {
    return isName ? cut(name) : "(" + name + ")";
  }

  static String cut(String name) {
    return name.length() <= NAME ? name : name.substring(0, NAME - 1) + "…";
  }

  static String share(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
