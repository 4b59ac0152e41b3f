package org.bayu.finetune.evaluate;

import static java.util.stream.Collectors.collectingAndThen;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bayu.finetune.data.AtomicFile;

/**
 * The evaluation of a model's predictions.
 *
 * @param scores of all rows
 * @param functions of the rows that expect each function, by its name
 * @param confusionMatrix of the function names
 */
public record Evaluation(
    @JsonUnwrapped Scores scores, Map<String, Scores> functions, ConfusionMatrix confusionMatrix) {
  /** The file of an evaluation. */
  public static final String FILE_NAME = "evaluation.json";

  /** The file of the predictions that it is of. */
  public static final String PREDICTIONS_FILE_NAME = "predictions.jsonl";

  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  /**
   * Evaluates predictions.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Evaluation of(List<Prediction> predictions) {
    if (predictions.isEmpty()) {
      throw new IllegalArgumentException("no predictions to evaluate");
    }
    var pairs = predictions.stream().map(Evaluation::pair).toList();
    return new Evaluation(
        Scores.of(pairs),
        pairs.stream()
            .collect(
                groupingBy(
                    pair ->
                        Objects.requireNonNullElse(
                            pair.expected().function(), ConfusionMatrix.EMPTY),
                    TreeMap::new,
                    collectingAndThen(toList(), Scores::of))),
        ConfusionMatrix.of(pairs));
  }

  private static Pair pair(Prediction prediction) {
    return new Pair(
        MeaningRepresentation.parse(prediction.expected()),
        MeaningRepresentation.parse(prediction.predicted()));
  }

  /**
   * Writes {@value #FILE_NAME} and {@value #PREDICTIONS_FILE_NAME}, each whole or not at all.
   *
   * @param folder made if missing
   * @throws org.bayu.finetune.UserException if it cannot be written to
   */
  public static Evaluation write(Path folder, List<Prediction> predictions) throws IOException {
    AtomicFile.write(
        folder.resolve(PREDICTIONS_FILE_NAME),
        out -> {
          for (var prediction : predictions) {
            out.write(JSON.writeValueAsBytes(prediction));
            out.write('\n');
          }
        });
    var evaluation = of(predictions);
    AtomicFile.write(
        folder.resolve(FILE_NAME),
        out -> {
          out.write(JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(evaluation));
          out.write('\n');
        });
    return evaluation;
  }
}
