package org.bayu.finetune.evaluate;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What was expected of a row and what was predicted, read as the tutorial does and to the letter.
 *
 * @param predicted null where there is no answer, in which all is wrong
 */
record Pair(
    Prediction row,
    MeaningRepresentation expected,
    @Nullable MeaningRepresentation predicted,
    Comparison comparison) {
  static Pair of(Prediction row) {
    return new Pair(
        row,
        MeaningRepresentation.parse(row.expected()),
        row.answered() ? MeaningRepresentation.parse(row.predicted()) : null,
        Comparison.of(row));
  }

  /** The name that was predicted; null for none. */
  @Nullable String predictedFunction() {
    return predicted == null ? null : predicted.function();
  }

  boolean hasSameFunction() {
    return predicted != null && Objects.equals(expected.function(), predicted.function());
  }

  boolean hasSameAttributes() {
    return predicted != null
        && expected.attributes().keySet().equals(predicted.attributes().keySet());
  }

  /** The share of the expected attributes that have the expected value; 1 of none. */
  double valueShare() {
    if (predicted == null) {
      return 0;
    }
    var all = expected.attributes();
    var right =
        all.entrySet().stream()
            .filter(
                entry ->
                    Objects.equals(predicted.attributes().get(entry.getKey()), entry.getValue()))
            .count();
    return all.isEmpty() ? 1 : (double) right / all.size();
  }

  boolean isExact() {
    return comparison.mistakes().isEmpty();
  }
}
