package org.bayu.finetune.evaluate;

import static java.util.stream.Collectors.collectingAndThen;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import com.fasterxml.jackson.annotation.JsonInclude;
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
import org.bayu.train.files.AtomicFile;
import org.jspecify.annotations.Nullable;

/**
 * The evaluation of a model's predictions.
 *
 * @param scores of all rows
 * @param ends how many rows were answered, and how many answers were cut
 * @param answered scores of the answered rows; null where that is all or none
 * @param functions of the rows that expect each function, by its name
 * @param confusionMatrix of the function names
 */
public record Evaluation(
    @JsonUnwrapped Scores scores,
    @JsonUnwrapped Ends ends,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Scores answered,
    Map<String, Scores> functions,
    ConfusionMatrix confusionMatrix) {
  /**
   * How the rows' answers ended.
   *
   * @param answeredRows rows whose prompts the model could read
   * @param answersCutByPositions answers that ended with the model's positions
   * @param answersCutByMaxNewTokens answers that ended with {@code max_new_tokens}
   */
  public record Ends(int answeredRows, int answersCutByPositions, int answersCutByMaxNewTokens) {
    private static Ends of(List<Prediction> predictions) {
      return new Ends(
          (int) predictions.stream().filter(Prediction::answered).count(),
          count(predictions, Prediction.End.POSITIONS),
          count(predictions, Prediction.End.MAX_NEW_TOKENS));
    }

    private static int count(List<Prediction> predictions, Prediction.End end) {
      return (int) predictions.stream().filter(prediction -> prediction.end() == end).count();
    }
  }

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
    var pairs = predictions.stream().map(Pair::of).toList();
    var answered = pairs.stream().filter(pair -> pair.predicted() != null).toList();
    return new Evaluation(
        Scores.of(pairs),
        Ends.of(predictions),
        answered.size() == pairs.size() || answered.isEmpty() ? null : Scores.of(answered),
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

  /**
   * Writes {@value #FILE_NAME} and {@value #PREDICTIONS_FILE_NAME}, each whole or not at all.
   *
   * @param folder made if missing
   * @throws org.bayu.finetune.error.UserException if it cannot be written to
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
