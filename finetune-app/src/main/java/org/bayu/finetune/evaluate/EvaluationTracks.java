package org.bayu.finetune.evaluate;

import static java.util.stream.Collectors.joining;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bayu.train.track.Table;
import org.bayu.train.track.Tracking;

/** What trackers are told of an evaluation. */
public final class EvaluationTracks {
  private EvaluationTracks() {}

  /** Passes on the predictions, the confusion matrix and the scores. */
  public static void write(Evaluation evaluation, List<Prediction> predictions, Tracking tracking) {
    tracking.table("predictions", table(predictions));
    tracking.table("scores", EvaluationTables.scores(evaluation.scores(), predictions));
    tracking.table("confusions", EvaluationTables.confusions(evaluation.confusionMatrix()));
    tracking.table("functions", EvaluationTables.functions(evaluation.functions()));
    ConfusionImage.of(evaluation.confusionMatrix())
        .ifPresent(image -> tracking.image("confusion_matrix", image));
    tracking.summary(scores(evaluation));
  }

  private static Table table(List<Prediction> predictions) {
    return new Table(
        List.of("input", "expected", "predicted", "end", "mistakes"),
        predictions.stream()
            .map(
                row ->
                    List.of(
                        row.input(),
                        row.expected(),
                        row.predicted(),
                        row.end().name().toLowerCase(Locale.ROOT),
                        Comparison.of(row).mistakes().stream()
                            .map(Mistake::words)
                            .collect(joining(", "))))
            .toList());
  }

  private static Map<String, Number> scores(Evaluation evaluation) {
    var scores = evaluation.scores();
    var numbers = new LinkedHashMap<String, Number>();
    numbers.put("evaluate/rows", scores.rows());
    numbers.put("evaluate/answered_rows", evaluation.ends().answeredRows());
    numbers.put("evaluate/function_name_accuracy", scores.functionNameAccuracy());
    numbers.put("evaluate/attribute_set_accuracy", scores.attributeSetAccuracy());
    numbers.put("evaluate/attribute_value_accuracy", scores.attributeValueAccuracy());
    numbers.put("evaluate/overall", scores.overall());
    numbers.put("evaluate/exact_text", scores.exactText());
    numbers.put("evaluate/exact_match", scores.exactMatch());
    numbers.put("evaluate/attribute_precision", scores.attributePrecision());
    numbers.put("evaluate/attribute_recall", scores.attributeRecall());
    numbers.put("evaluate/attribute_f1", scores.attributeF1());
    return numbers;
  }
}
