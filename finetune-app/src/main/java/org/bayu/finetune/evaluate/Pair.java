package org.bayu.finetune.evaluate;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What was expected of a row and what was predicted.
 *
 * @param predicted null where there is no answer, in which all is wrong
 */
record Pair(MeaningRepresentation expected, @Nullable MeaningRepresentation predicted) {
  static Pair of(Prediction prediction) {
    return new Pair(
        MeaningRepresentation.parse(prediction.expected()),
        prediction.answered() ? MeaningRepresentation.parse(prediction.predicted()) : null);
  }

  /** The name that was predicted; null for none. */
  @Nullable String predictedFunction() {
    return predicted == null ? null : predicted.function();
  }

  /** The attributes that were predicted. */
  Map<String, String> predictedAttributes() {
    return predicted == null ? Map.of() : predicted.attributes();
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
    var all = expected.attributes().size();
    return predicted == null ? 0 : all == 0 ? 1 : (double) rightAttributes() / all;
  }

  /** The expected attributes that have the expected value. */
  int rightAttributes() {
    var attributes = predictedAttributes();
    return (int)
        expected.attributes().entrySet().stream()
            .filter(entry -> Objects.equals(attributes.get(entry.getKey()), entry.getValue()))
            .count();
  }

  /** Two texts without a call have nothing in common but that. */
  boolean isExact() {
    return expected.function() != null && expected.equals(predicted);
  }
}
