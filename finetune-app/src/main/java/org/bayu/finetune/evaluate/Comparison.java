package org.bayu.finetune.evaluate;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.bayu.finetune.evaluate.FunctionCall.Attribute;
import org.jspecify.annotations.Nullable;

/**
 * What was expected of a row beside what was predicted, to the letter.
 *
 * @param mistakes all that is wrong; empty where the same call is there, with its attributes in any
 *     order, or where no call was expected and the same text is there
 * @param rightAttributes how many attributes are there with their value
 * @param missing expected attributes that are not there
 * @param invented predicted attributes that are not expected
 * @param otherValues attributes that are there with another value
 */
public record Comparison(
    Set<Mistake> mistakes,
    int rightAttributes,
    List<String> missing,
    List<String> invented,
    List<OtherValue> otherValues) {
  /** A value beside the one that was expected. */
  public record OtherValue(String attribute, String expected, String predicted) {}

  static Comparison of(Prediction prediction) {
    var expected = FunctionCall.parse(prediction.expected());
    var predicted = FunctionCall.parse(prediction.predicted());
    var missing = new ArrayList<>(expected.attributes());
    var invented = new ArrayList<>(predicted.attributes());
    invented.removeIf(missing::remove);
    var right = expected.attributes().size() - missing.size();
    var otherValues = new ArrayList<OtherValue>();
    missing.removeIf(
        attribute -> {
          var other = take(invented, attribute.key());
          if (other != null) {
            otherValues.add(new OtherValue(attribute.key(), attribute.value(), other.value()));
          }
          return other != null;
        });
    var mistakes = EnumSet.noneOf(Mistake.class);
    if (!prediction.answered()) {
      mistakes.add(Mistake.NO_ANSWER);
    } else if (!expected.isWellFormed()) {
      add(mistakes, Mistake.TEXT, !prediction.isSameText());
    } else {
      add(mistakes, Mistake.MALFORMED, !predicted.isWellFormed());
      add(mistakes, Mistake.FUNCTION, !Objects.equals(expected.function(), predicted.function()));
      add(mistakes, Mistake.MISSING, !missing.isEmpty());
      add(mistakes, Mistake.INVENTED, !invented.isEmpty());
      add(mistakes, Mistake.VALUE, !otherValues.isEmpty());
    }
    return new Comparison(mistakes, right, texts(missing), texts(invented), otherValues);
  }

  private static void add(Set<Mistake> mistakes, Mistake mistake, boolean isThere) {
    if (isThere) {
      mistakes.add(mistake);
    }
  }

  private static @Nullable Attribute take(List<Attribute> attributes, String key) {
    for (var attribute : attributes) {
      if (attribute.key().equals(key)) {
        attributes.remove(attribute);
        return attribute;
      }
    }
    return null;
  }

  private static List<String> texts(List<Attribute> attributes) {
    return attributes.stream().map(Attribute::toString).toList();
  }

  int expectedAttributes() {
    return rightAttributes + missing.size() + otherValues.size();
  }

  int predictedAttributes() {
    return rightAttributes + invented.size() + otherValues.size();
  }
}
