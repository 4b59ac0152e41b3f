package org.bayu.finetune.evaluate;

import static java.util.stream.Collectors.collectingAndThen;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bayu.finetune.data.JsonLines;
import org.bayu.finetune.error.UserException;
import org.bayu.train.data.BadRowException;
import org.bayu.train.data.RowFile;
import org.bayu.train.files.AtomicFile;
import org.jspecify.annotations.Nullable;

/**
 * The evaluation of a model's predictions.
 *
 * @param scores of all rows
 * @param ends how many rows were answered, and how many answers were cut
 * @param answered scores of the answered rows; null where that is all or none
 * @param functions of the rows that expect each function, by its name
 * @param mistakes how many rows have each mistake that some row has
 * @param confusionMatrix of the function names
 */
public record Evaluation(
    @JsonUnwrapped Scores scores,
    @JsonUnwrapped Ends ends,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Scores answered,
    Map<String, Scores> functions,
    Map<Mistake, Integer> mistakes,
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

  /** The file of those among them that are wrong. */
  public static final String MISTAKES_FILE_NAME = "mistakes.jsonl";

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
        mistakes(pairs),
        ConfusionMatrix.of(pairs));
  }

  private static Map<Mistake, Integer> mistakes(List<Pair> pairs) {
    var rows = new EnumMap<Mistake, Integer>(Mistake.class);
    for (var pair : pairs) {
      pair.comparison().mistakes().forEach(mistake -> rows.merge(mistake, 1, Integer::sum));
    }
    return rows;
  }

  /** The rows that were predicted wrong, in their order. */
  static List<WrongRow> wrongRows(List<Prediction> predictions) {
    var wrong = new ArrayList<WrongRow>();
    for (var row = 0; row < predictions.size(); row++) {
      var pair = Pair.of(predictions.get(row));
      if (!pair.isExact()) {
        wrong.add(WrongRow.of(row + 1, pair));
      }
    }
    return wrong;
  }

  /**
   * Writes {@value #FILE_NAME}, {@value #PREDICTIONS_FILE_NAME} and {@value #MISTAKES_FILE_NAME},
   * each whole or not at all.
   *
   * @param folder made if missing
   * @throws UserException if it cannot be written to
   */
  public static Evaluation write(Path folder, List<Prediction> predictions) throws IOException {
    JsonLines.write(folder.resolve(PREDICTIONS_FILE_NAME), predictions.stream());
    JsonLines.write(folder.resolve(MISTAKES_FILE_NAME), wrongRows(predictions).stream());
    var evaluation = of(predictions);
    AtomicFile.write(
        folder.resolve(FILE_NAME),
        out -> {
          out.write(JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(evaluation));
          out.write('\n');
        });
    return evaluation;
  }

  /**
   * The predictions that {@link #write} wrote.
   *
   * @throws UserException if there are none, or the file is damaged
   */
  public static List<Prediction> read(Path folder) throws IOException {
    var file = folder.resolve(PREDICTIONS_FILE_NAME);
    if (!Files.isRegularFile(file)) {
      throw UserException.inputFile(
          "%s: no folder with an evaluation (%s is missing). Give the --output of evaluate."
              .formatted(folder, PREDICTIONS_FILE_NAME));
    }
    var predictions = new ArrayList<Prediction>();
    RowFile.read(file, RowFile.Text.JSON_LINES, row -> predictions.add(prediction(row)));
    return predictions;
  }

  private static Prediction prediction(ObjectNode row) throws BadRowException {
    try {
      var prediction = JSON.treeToValue(row, Prediction.class);
      if (prediction.isWhole()) {
        return prediction;
      }
    } catch (JsonProcessingException e) {
      // Said below.
    }
    throw new BadRowException("not a prediction", "Evaluate again.");
  }
}
