package org.bayu.finetune.evaluate;

import java.util.List;

/**
 * Scores of some rows, each from 0 to 1. In a row without an answer all is wrong. The first four
 * are the tutorial's, with its reading of a text ({@link MeaningRepresentation}); the others read
 * it to the letter.
 *
 * @param rows how many
 * @param functionNameAccuracy share of rows with the expected function name
 * @param attributeSetAccuracy share of rows with exactly the expected attributes, whatever their
 *     values
 * @param attributeValueAccuracy mean over the rows of the share of the expected attributes that
 *     have the expected value; 1 for a row that expects none
 * @param overall mean of the three
 * @param exactText share of rows with the expected text, space around it aside
 * @param exactMatch share of rows with the expected call to the letter, its attributes in any
 *     order; where no call is expected, with the expected text
 * @param attributePrecision share of the predicted attributes that are expected with this value, to
 *     the letter; over all rows at once
 * @param attributeRecall share of the expected attributes that are predicted with this value;
 *     likewise
 * @param attributeF1 harmonic mean of the two
 */
public record Scores(
    int rows,
    double functionNameAccuracy,
    double attributeSetAccuracy,
    double attributeValueAccuracy,
    double overall,
    double exactText,
    double exactMatch,
    double attributePrecision,
    double attributeRecall,
    double attributeF1) {

  static Scores of(List<Pair> pairs) {
    var functions = 0;
    var sets = 0;
    var texts = 0;
    var exact = 0;
    var values = 0.0;
    var right = 0;
    var expectedAttributes = 0;
    var predictedAttributes = 0;
    for (var pair : pairs) {
      functions += pair.hasSameFunction() ? 1 : 0;
      sets += pair.hasSameAttributes() ? 1 : 0;
      texts += pair.row().isSameText() ? 1 : 0;
      exact += pair.isExact() ? 1 : 0;
      values += pair.valueShare();
      right += pair.comparison().rightAttributes();
      expectedAttributes += pair.comparison().expectedAttributes();
      predictedAttributes += pair.comparison().predictedAttributes();
    }
    var functionName = ratio(functions, pairs.size());
    var attributeSet = ratio(sets, pairs.size());
    var attributeValue = values / pairs.size();
    return new Scores(
        pairs.size(),
        functionName,
        attributeSet,
        attributeValue,
        (functionName + attributeSet + attributeValue) / 3,
        ratio(texts, pairs.size()),
        ratio(exact, pairs.size()),
        ratio(right, predictedAttributes),
        ratio(right, expectedAttributes),
        ratio(2 * right, expectedAttributes + predictedAttributes));
  }

  /** A share; 1 of nothing, where nothing could be wrong. */
  private static double ratio(int right, int all) {
    return all == 0 ? 1 : (double) right / all;
  }
}
