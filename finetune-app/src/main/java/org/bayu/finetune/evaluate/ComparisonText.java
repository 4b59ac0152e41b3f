package org.bayu.finetune.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bayu.finetune.error.UserException;

/** Evaluations of several models on the same rows, side by side. */
public final class ComparisonText {
  private final Map<String, List<Prediction>> models = new LinkedHashMap<>();

  private ComparisonText() {}

  /**
   * Reads evaluations.
   *
   * @param folders two or more, each the output of an evaluation
   * @throws UserException if one of them is none, or is of other rows than the first
   */
  public static String of(List<Path> folders) throws IOException {
    var text = new ComparisonText();
    for (var folder : folders) {
      text.add(folder, folders);
    }
    return text.accuracies() + "\n" + text.functions() + "\n" + text.rows();
  }

  private void add(Path folder, List<Path> all) throws IOException {
    var predictions = Evaluation.read(folder);
    if (!models.isEmpty()) {
      checkSameRows(all.getFirst(), folder, predictions);
    }
    models.put(label(folder, all), predictions);
  }

  /** The folder's name, or all of its path where another has the same name. */
  private static String label(Path folder, List<Path> all) {
    var name = folder.normalize().getFileName();
    var alike = all.stream().filter(other -> String.valueOf(name).equals(name(other))).count();
    return name == null || alike > 1 ? folder.toString() : name.toString();
  }

  private static String name(Path folder) {
    return String.valueOf(folder.normalize().getFileName());
  }

  private void checkSameRows(Path first, Path folder, List<Prediction> predictions) {
    var others = models.values().iterator().next();
    var same = others.size() == predictions.size();
    for (var row = 0; same && row < others.size(); row++) {
      var one = others.get(row);
      var other = predictions.get(row);
      same = one.input().equals(other.input()) && one.expected().equals(other.expected());
    }
    if (!same) {
      throw UserException.inputFile(
          "--compare: %s is an evaluation of other rows than %s.".formatted(folder, first));
    }
  }

  private String accuracies() {
    var scores = new LinkedHashMap<String, Scores>();
    models.forEach((name, predictions) -> scores.put(name, Evaluation.of(predictions).scores()));
    return EvaluationText.accuracies(scores) + "\n" + EvaluationText.exactness(scores);
  }

  /** The overall score of each function's rows. */
  private String functions() {
    var functions = new TreeMap<String, List<String>>();
    var header = new ArrayList<>(List.of("Overall", "Rows"));
    models.forEach(
        (name, predictions) -> {
          header.add(name);
          Evaluation.of(predictions)
              .functions()
              .forEach(
                  (function, scores) ->
                      functions
                          .computeIfAbsent(
                              function,
                              _ ->
                                  new ArrayList<>(
                                      List.of(
                                          EvaluationText.cut(function),
                                          Integer.toString(scores.rows()))))
                          .add(EvaluationText.share(scores.overall())));
        });
    var table = new TextTable(header.toArray(String[]::new));
    functions.values().forEach(row -> table.add(row.toArray(String[]::new)));
    return table.toString();
  }

  /** How many calls each model has right that the first has wrong, and the other way round. */
  private String rows() {
    var names = new LinkedHashSet<>(models.keySet());
    var first = names.removeFirst();
    var table = new TextTable("Calls right", "Both", "Only it", "Only " + first, "Neither");
    for (var name : names) {
      table.add(cells(name, models.getOrDefault(first, List.of())));
    }
    return table.toString();
  }

  private String[] cells(String name, List<Prediction> first) {
    var others = models.getOrDefault(name, List.of());
    var counts = new int[4];
    for (var row = 0; row < first.size(); row++) {
      var isRight = Pair.of(others.get(row)).isExact();
      var firstIsRight = Pair.of(first.get(row)).isExact();
      counts[isRight ? (firstIsRight ? 0 : 1) : (firstIsRight ? 2 : 3)]++;
    }
    var cells = new ArrayList<>(List.of(name));
    for (var count : counts) {
      cells.add(Integer.toString(count));
    }
    return cells.toArray(String[]::new);
  }
}
