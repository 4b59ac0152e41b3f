package org.bayu.finetune.evaluate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.bayu.finetune.error.UserException;
import org.bayu.train.TrainException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
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
  void scoresAreThoseOfPythonForCallsInGoodAndBadForm() throws IOException {
    var json = new ObjectMapper();
    var rows = 0;
    try (var fixture =
            Objects.requireNonNull(getClass().getResourceAsStream("/golden/scores.jsonl.gz"));
        var lines =
            new BufferedReader(new InputStreamReader(new GZIPInputStream(fixture), UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine(), rows++) {
        var row = json.readTree(line);
        var scores = scores(row.get(0).textValue(), row.get(1).textValue());
        assertEquals(row.get(2).intValue(), scores.functionNameAccuracy(), line);
        assertEquals(row.get(3).intValue(), scores.attributeSetAccuracy(), line);
        var all = row.get(5).intValue();
        var share = all == 0 ? 1 : (double) row.get(4).intValue() / all;
        assertEquals(share, scores.attributeValueAccuracy(), line);
      }
    }
    assertEquals(1000, rows);
  }

  /** The diagonals of the tutorial's confusion matrices: 412 and 369 of 714. */
  @ParameterizedTest
  @CsvSource({"412, 0.577", "369, 0.517"})
  void thePublishedDiagonalsGiveThePublishedAccuracies(int diagonal, double published) {
    var predictions =
        IntStream.range(0, 714)
            .mapToObj(row -> new Prediction("", "ask()", row < diagonal ? "ask()" : "tell()"))
            .toList();
    var evaluation = Evaluation.of(predictions);
    assertEquals(diagonal, evaluation.confusionMatrix().counts().getFirst().getFirst());
    assertEquals(published, evaluation.scores().functionNameAccuracy(), 0.0005);
  }

  @Test
  void exactMatchesHaveTheSameCallInAnyOrder() {
    assertEquals(1, scores("ask(a[1], b[2])", "ask(b[2], a[1])").exactMatch());
    assertEquals(0, scores("ask(a[1], b[2])", "tell(a[1], b[2])").exactMatch());
    assertEquals(0, scores("ask(a[1], b[2])", "ask(a[1], b[3])").exactMatch());
    assertEquals(0, scores("ask(a[1])", "ask(a[1], b[2])").exactMatch());
    assertEquals(0, scores("ask(a[x])", "ask(a[X])").exactMatch());
    assertEquals(0, scores("ask(a[1], a[1])", "ask(a[1])").exactMatch());
    assertEquals(0, scores("ask(a[1])", "ask(a[1]").exactMatch());
    assertEquals(1, scores("ask(a[1])", " ask( a[1] )\n").exactMatch());
    assertEquals(0, scores("no call", "no call either").exactMatch());
    assertEquals(1, scores("no call", "no call").exactMatch());
  }

  @Test
  void theTextIsExactWithoutTheSpaceAroundIt() {
    assertEquals(1, scores("ask(a[1], b[2])", " ask(a[1], b[2])\n").exactText());
    assertEquals(0, scores("ask(a[1], b[2])", "ask(b[2], a[1])").exactText());
    var noAnswer = new Prediction("", "", "", Prediction.End.PROMPT_TOO_LONG);
    assertEquals(0, Evaluation.of(List.of(noAnswer)).scores().exactText());
  }

  /** Expected, predicted, and what is wrong. */
  static Stream<Arguments> mistakes() {
    var game = "ask(name[Tiny Racer (2)], genres[a, b], year[])";
    return Stream.of(
        Arguments.of(game, game, ""),
        Arguments.of(game, "ask(genres[a, b],year[] , name[Tiny Racer (2)])", ""),
        Arguments.of("ask()", "ask( )", ""),
        Arguments.of(game, "tell(name[Tiny Racer (2)], genres[a, b], year[])", "FUNCTION"),
        Arguments.of(game, "ask(name[Tiny Racer (2)], genres[b, a], year[])", "VALUE"),
        Arguments.of(game, "ask(name[Tiny Racer (2)], genres[a, b])", "MISSING"),
        Arguments.of("ask(a[1])", "ask(a[1], a[1])", "INVENTED"),
        Arguments.of("ask(a[1], a[2])", "ask(a[2], a[3])", "VALUE"),
        Arguments.of("ask(a[1], b[2])", "tell(b[3], c[1])", "FUNCTION MISSING INVENTED VALUE"),
        Arguments.of("ask(a[1])", "ask(a[1]", "MALFORMED"),
        Arguments.of("ask(a[1])", "ask(a[1]))", "MALFORMED"),
        Arguments.of("ask(a[1])", "ask(, a[1])", "MALFORMED"),
        Arguments.of("ask(a[1], b[2])", "ask(a[1] b[2])", "MALFORMED"),
        Arguments.of("ask(a[1])", "ask(a[1]) tell(a[1])", "MALFORMED INVENTED"),
        Arguments.of("ask(a[1])", "I do not know.", "MALFORMED FUNCTION MISSING"),
        Arguments.of("yes", "no", "TEXT"),
        Arguments.of("yes", "yes\n", ""));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void whatIsWrongIsSaid(String expected, String predicted, String mistakes) {
    var comparison = Comparison.of(new Prediction("", expected, predicted));
    var names = comparison.mistakes().stream().map(Mistake::name).collect(joining(" "));
    assertEquals(mistakes, names);
    assertEquals(mistakes.isEmpty() ? 1 : 0, scores(expected, predicted).exactMatch());
  }

  @Test
  void wrongRowsAreWrittenAndShown() throws IOException {
    var predictions =
        List.of(
            new Prediction("q1", "ask(a[1])", "ask(a[1])"),
            new Prediction("q2", "ask(a[1], b[2], c[3])", "ask(a[4], b[2], d[5])"),
            new Prediction("q3", "ask(a[1])", "", Prediction.End.PROMPT_TOO_LONG));
    var evaluation = Evaluation.write(folder, predictions);
    assertEquals(
        List.of(
            """
            {"row":2,"mistakes":["missing","invented","value"],"right_attributes":1,\
            "missing":["c[3]"],"invented":["d[5]"],\
            "other_values":[{"attribute":"a","expected":"1","predicted":"4"}],\
            "input":"q2","expected":"ask(a[1], b[2], c[3])","predicted":"ask(a[4], b[2], d[5])"}\
            """,
            """
            {"row":3,"mistakes":["no_answer"],"right_attributes":0,"missing":["a[1]"],\
            "invented":[],"other_values":[],"input":"q3","expected":"ask(a[1])","predicted":""}\
            """),
        Files.readAllLines(folder.resolve(Evaluation.MISTAKES_FILE_NAME)));
    assertEquals(
        """
        | Mistake                 | Rows |
        |-------------------------|------|
        | no answer               | 1    |
        | an attribute is missing | 1    |
        | an attribute too many   | 1    |
        | another value           | 1    |

        Row 2: an attribute is missing, an attribute too many, another value.
          input      q2
          expected   ask(a[1], b[2], c[3])
          predicted  ask(a[4], b[2], d[5])

        Row 3: no answer.
          input      q3
          expected   ask(a[1])
          predicted\s\s
        """,
        MistakesText.of(evaluation, predictions));
    assertEquals(predictions, Evaluation.read(folder));
  }

  @Test
  void aDamagedEvaluationIsRefused() throws IOException {
    var file = folder.resolve(Evaluation.PREDICTIONS_FILE_NAME);
    for (var line :
        List.of("{\"input\": \"a\"}", "{\"end\": \"never\"}", "[]", "{\"input\": {}}")) {
      Files.writeString(file, line + "\n");
      var e = assertThrows(TrainException.class, () -> Evaluation.read(folder));
      assertTrue(String.valueOf(e.getMessage()).contains("line 1: "), e::getMessage);
    }
  }

  @Test
  void modelsAreComparedRowByRow() throws IOException {
    var base = folder.resolve("one/base");
    var lora = folder.resolve("one/lora");
    Evaluation.write(
        base,
        List.of(
            new Prediction("q1", "ask(a[1])", "ask(a[1])"),
            new Prediction("q2", "ask(a[1])", "tell(a[1])"),
            new Prediction("q3", "tell(a[1])", "")));
    Evaluation.write(
        lora,
        List.of(
            new Prediction("q1", "ask(a[1])", "ask()"),
            new Prediction("q2", "ask(a[1])", "ask(a[1])"),
            new Prediction("q3", "tell(a[1])", "tell(a[1])")));
    assertEquals(
        """
        | Accuracy | Function Name | Attribute Set | Attribute Value | Overall |
        |----------|---------------|---------------|-----------------|---------|
        | base     | 0.333         | 0.667         | 0.667           | 0.556   |
        | lora     | 1.000         | 0.667         | 0.667           | 0.778   |

        | To the letter | Text  | Call  | Attr. Precision | Attr. Recall | F1    |
        |---------------|-------|-------|-----------------|--------------|-------|
        | base          | 0.333 | 0.333 | 1.000           | 0.667        | 0.800 |
        | lora          | 0.667 | 0.667 | 1.000           | 0.667        | 0.800 |

        | Overall | Rows | base  | lora  |
        |---------|------|-------|-------|
        | ask     | 2    | 0.833 | 0.667 |
        | tell    | 1    | 0.000 | 1.000 |

        | Calls right | Both | Only it | Only base | Neither |
        |-------------|------|---------|-----------|---------|
        | lora        | 0    | 2       | 1         | 0       |
        """,
        ComparisonText.of(List.of(base, lora)));
    var other = folder.resolve("two/base");
    Evaluation.write(other, List.of(new Prediction("q9", "ask(a[1])", "ask(a[1])")));
    var e = assertThrows(UserException.class, () -> ComparisonText.of(List.of(base, lora, other)));
    assertEquals(
        "--compare: %s is an evaluation of other rows than %s.".formatted(other, base),
        e.getMessage());
    assertTrue(ComparisonText.of(List.of(other, other)).contains(other.toString()));
    assertThrows(UserException.class, () -> ComparisonText.of(List.of(folder, folder)));
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
        List.of(0.0, 0.0, 0.5), functions.values().stream().map(Scores::exactMatch).toList());
    assertEquals(
        List.of(1.0 / 3, 0.0, 0.5),
        functions.values().stream().map(Scores::functionNameAccuracy).toList());
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
            "exact_text",
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
