package org.bayu.finetune.evaluate;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

/**
 * A row that was predicted wrong, as {@code mistakes.jsonl} has it.
 *
 * @param row its number, from 1
 */
public record WrongRow(
    int row,
    @JsonUnwrapped Comparison comparison,
    String input,
    String expected,
    String predicted) {

  static WrongRow of(int row, Pair pair) {
    var texts = pair.row();
    return new WrongRow(row, pair.comparison(), texts.input(), texts.expected(), texts.predicted());
  }
}
