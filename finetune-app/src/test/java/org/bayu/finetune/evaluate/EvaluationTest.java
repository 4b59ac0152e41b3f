package org.bayu.finetune.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bayu.train.TrainException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EvaluationTest {
  /** A sum of at most 19 shares, each rounded once. */
  private static final double ROUNDING = 1e-14;

  @TempDir Path folder;

  private static Scores scores(String expected, String predicted) {
    return Evaluation.of(List.of(new Prediction("", expected, predicted))).scores();
  }

  /** Expected, predicted, and what the tutorial's own Python code gives: name, set, value. */
  static Stream<Arguments> tutorialsScores() {
    var game = "ask(name[Tiny Racer], year[1999])";
    return Stream.of(
        Arguments.of(game, game, 1, 1, 1),
        Arguments.of(game, "  ASK(Year[1999],NAME[tiny racer])\n", 1, 1, 1),
        Arguments.of(game, "tell(name[Tiny Racer], year[2000])", 0, 1, 0.5),
        Arguments.of(game, "ask(name[Tiny Racer], year[1999], mood[good])", 1, 0, 1),
        Arguments.of("ask(name[b])", "ask(name[a], name[b])", 1, 1, 1),
        Arguments.of("ask(name[b])", "ask(name[b], name[a])", 1, 1, 0),
        Arguments.of("ask(name[a\nb[c])", "ask(name[a\nb[c])", 1, 1, 1),
        Arguments.of("ask(name[x])", "", 0, 0, 0),
        Arguments.of("ask(name[x])", "name[x]", 0, 1, 1),
        Arguments.of("ask(name[x])", "Sure: ask(name[x])", 0, 1, 1),
        Arguments.of("ask(name[x])", "ask (name[x])", 0, 1, 1),
        Arguments.of("ask()", "ask()", 1, 1, 1),
        Arguments.of("ask()", "tell(name[x])", 0, 0, 1),
        Arguments.of(
            "frag\u00e9(stra\u00dfe[i\u0307])", "\u00a0frag\u00c9(stra\u00dfe[\u0130])", 1, 1, 1),
        Arguments.of("ask(genres[b, a])", "ask(genres[a, b])", 1, 1, 0),
        Arguments.of("ask(name[x])", "ask(name[ x ])", 1, 1, 0),
        Arguments.of("ask(name[])", "ask(name[])", 1, 1, 1),
        Arguments.of("bluh", "blah", 1, 1, 1),
        Arguments.of("ask(name[x])", "ask(name[x]", 1, 1, 1));
  }

  @ParameterizedTest
  @MethodSource("tutorialsScores")
  void aRowsScoresAreTheTutorials(
      String expected, String predicted, double name, double set, double value) {
    var scores = scores(expected, predicted);
    assertEquals(name, scores.functionNameAccuracy());
    assertEquals(set, scores.attributeSetAccuracy());
    assertEquals(value, scores.attributeValueAccuracy());
    assertEquals((name + set + value) / 3, scores.overall(), ROUNDING);
  }

  @Test
  void scoresOfManyRowsAreTheMeans() {
    var predictions =
        tutorialsScores()
            .map(row -> new Prediction("", (String) row.get()[0], (String) row.get()[1]))
            .toList();
    var scores = Evaluation.of(predictions).scores();
    assertEquals(19, scores.rows());
    // The means that Python gives for these rows.
    assertEquals(0.6842105263157895, scores.functionNameAccuracy(), ROUNDING);
    assertEquals(0.8421052631578947, scores.attributeSetAccuracy(), ROUNDING);
    assertEquals(0.7631578947368421, scores.attributeValueAccuracy(), ROUNDING);
    assertEquals(0.763157894736842, scores.overall(), ROUNDING);
  }

  @Test
  void exactMatchesHaveTheSameCallInAnyOrder() {
    assertEquals(1, scores("ask(a[1], b[2])", "ask(b[2], a[1])").exactMatch());
    assertEquals(0, scores("ask(a[1], b[2])", "tell(a[1], b[2])").exactMatch());
    assertEquals(0, scores("ask(a[1], b[2])", "ask(a[1], b[3])").exactMatch());
    assertEquals(0, scores("ask(a[1])", "ask(a[1], b[2])").exactMatch());
    assertEquals(0, scores("no call", "no call either").exactMatch());
  }

  @Test
  void precisionAndRecallCountAttributesWithTheirValues() {
    var scores =
        Evaluation.of(
                List.of(
                    new Prediction("", "ask(a[1], b[2], c[3])", "ask(a[1], b[9])"),
                    new Prediction("", "ask(a[1])", "ask(d[1], e[1])")))
            .scores();
    assertEquals(1.0 / 4, scores.attributePrecision());
    assertEquals(1.0 / 4, scores.attributeRecall());
    assertEquals(2.0 / 8, scores.attributeF1());
    scores = scores("ask(a[1], b[2], c[3])", "ask(a[1])");
    assertEquals(1, scores.attributePrecision());
    assertEquals(1.0 / 3, scores.attributeRecall());
    assertEquals(0.5, scores.attributeF1());
    scores = scores("ask()", "ask()");
    assertEquals(1, scores.attributeF1());
  }

  private static final List<Prediction> CONFUSED =
      List.of(
          new Prediction("q1", "other(a[1])", "other(a[1])"),
          new Prediction("q2", "other(a[1])", "invented(a[1])"),
          new Prediction("q3", "ask(a[1])", "other(a[1])"),
          new Prediction("q4", "ask(a[1])", "nothing"),
          new Prediction("q5", "ask(a[1])", "ASK(a[1])"),
          new Prediction("q6", "not a call", "ask()"));

  @Test
  void theConfusionMatrixHasAColumnForOtherNamesAndForNone() {
    var matrix = Evaluation.of(CONFUSED).confusionMatrix();
    assertEquals(List.of("ask", "other", "empty"), matrix.expected());
    assertEquals(List.of("ask", "other", "other", "empty"), matrix.predicted());
    assertEquals(
        List.of(List.of(1, 1, 0, 1), List.of(0, 1, 1, 0), List.of(1, 0, 0, 0)), matrix.counts());
  }

  @Test
  void eachFunctionHasItsOwnScores() {
    var functions = Evaluation.of(CONFUSED).functions();
    assertEquals(List.of("ask", "empty", "other"), List.copyOf(functions.keySet()));
    assertEquals(List.of(3, 1, 2), functions.values().stream().map(Scores::rows).toList());
    assertEquals(
        List.of(1.0 / 3, 0.0, 0.5), functions.values().stream().map(Scores::exactMatch).toList());
  }

  @Test
  void nothingCannotBeEvaluated() {
    assertThrows(IllegalArgumentException.class, () -> Evaluation.of(List.of()));
  }

  @Test
  void evaluationAndPredictionsAreWritten() throws IOException {
    var output = folder.resolve("not/yet/there");
    var evaluation = Evaluation.write(output, CONFUSED);
    var json = new ObjectMapper().readTree(Files.readString(output.resolve("evaluation.json")));
    assertEquals(6, json.get("rows").intValue());
    assertEquals(
        evaluation.scores().functionNameAccuracy(),
        json.get("function_name_accuracy").doubleValue());
    for (var key :
        List.of(
            "attribute_set_accuracy",
            "attribute_value_accuracy",
            "overall",
            "exact_match",
            "attribute_precision",
            "attribute_recall",
            "attribute_f1")) {
      assertTrue(json.get(key).isNumber(), key);
    }
    assertEquals(3, json.get("functions").get("ask").get("rows").intValue());
    assertEquals("empty", json.get("confusion_matrix").get("predicted").get(3).textValue());
    var lines = Files.readAllLines(output.resolve("predictions.jsonl"));
    assertEquals(6, lines.size());
    assertEquals(
        "{\"input\":\"q4\",\"expected\":\"ask(a[1])\",\"predicted\":\"nothing\",\"end\":\"stop\"}",
        lines.get(3));
    assertEquals(6, json.get("answered_rows").intValue());
    assertFalse(json.has("answered"), "all are answered");
  }

  @Test
  void anOutputFolderThatCannotBeMadeIsNamed() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "");
    var e =
        assertThrows(TrainException.class, () -> Evaluation.write(file.resolve("out"), CONFUSED));
    assertTrue(String.valueOf(e.getMessage()).contains("cannot be written"), e::getMessage);
  }

  @Test
  void modelsStandSideBySideInTheTutorialsTable() {
    var models = new LinkedHashMap<String, Scores>();
    models.put("base", scores("ask(a[1])", ""));
    models.put("full weights", scores("ask(a[1])", "ask(a[1])"));
    assertEquals(
        """
        | Accuracy     | Function Name | Attribute Set | Attribute Value | Overall |
        |--------------|---------------|---------------|-----------------|---------|
        | base         | 0.000         | 0.000         | 0.000           | 0.000   |
        | full weights | 1.000         | 1.000         | 1.000           | 1.000   |
        """,
        EvaluationText.accuracies(models));
  }

  @Test
  void functionsAndConfusionsAreTablesToo() {
    var evaluation = Evaluation.of(CONFUSED);
    assertEquals(
        """
        | Expected | Predicted | Rows |
        |----------|-----------|------|
        | ask      | other     | 1    |
        | ask      | (empty)   | 1    |
        | other    | (other)   | 1    |
        | (empty)  | ask       | 1    |
        """,
        EvaluationText.confusions(evaluation));
    assertTrue(EvaluationText.functions(evaluation).contains("| ask      | 3    | 0.333 |"));
    var right = Evaluation.of(List.of(new Prediction("", "ask(a[1])", "ask()")));
    assertEquals("No function name was taken for another.\n", EvaluationText.confusions(right));
  }

  @Test
  void rowsWithoutAnAnswerAreWrongInAllAndLeftOutOfTheAnswered() {
    var predictions =
        List.of(
            new Prediction("", "ask(a[1])", "ask(a[1])"),
            new Prediction("", "ask(a[1])", "", Prediction.End.PROMPT_TOO_LONG),
            new Prediction("", "no call", "", Prediction.End.PROMPT_TOO_LONG),
            new Prediction("", "ask(a[1])", "tell(a[1])", Prediction.End.MAX_NEW_TOKENS));
    var evaluation = Evaluation.of(predictions);
    assertEquals(0.25, evaluation.scores().functionNameAccuracy());
    assertEquals(0.5, evaluation.scores().attributeSetAccuracy());
    assertEquals(0.5, evaluation.scores().attributeValueAccuracy());
    assertEquals(0.25, evaluation.scores().exactMatch());
    assertEquals(1, evaluation.scores().attributePrecision());
    assertEquals(2.0 / 3, evaluation.scores().attributeRecall());
    assertEquals(new Evaluation.Ends(2, 0, 1), evaluation.ends());
    assertEquals(
        """
        | Accuracy   | Function Name | Attribute Set | Attribute Value | Overall |
        |------------|---------------|---------------|-----------------|---------|
        | all 4 rows | 0.250         | 0.500         | 0.500           | 0.417   |
        | 2 answered | 0.500         | 1.000         | 1.000           | 0.833   |
        """,
        EvaluationText.accuracies(evaluation));
    assertEquals(
        List.of(
            "2 rows have no answer: their prompts are longer than the positions.",
            "1 answers were cut at max_new_tokens."),
        EvaluationText.lines(evaluation));
  }

  @Test
  void tablesAreNotWiderThanATerminal() {
    var predictions =
        IntStream.range(0, 12_000)
            .mapToObj(
                i ->
                    new Prediction(
                        "",
                        "a_function_with_a_very_long_name_" + i % 9 + "(a[1])",
                        "a_function_with_a_very_long_name_" + i % 11 + "(a[1])",
                        i % 2 == 0 ? Prediction.End.POSITIONS : Prediction.End.PROMPT_TOO_LONG))
            .toList();
    var evaluation = Evaluation.of(predictions);
    var text =
        EvaluationText.accuracies(evaluation)
            + EvaluationText.functions(evaluation)
            + EvaluationText.confusions(evaluation)
            + String.join("\n", EvaluationText.lines(evaluation));
    text.lines().forEach(line -> assertTrue(line.length() < 80, line));
    assertTrue(text.contains("and 70 more: evaluation.json has all."), text);
  }
}
