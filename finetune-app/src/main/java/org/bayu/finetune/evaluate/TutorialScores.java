package org.bayu.finetune.evaluate;

import java.util.List;
import org.bayu.finetune.grammar.Grammar;

/**
 * What the tutorial published of a model on ViGGO's 714 validation rows.
 *
 * @param model which of its models
 */
record TutorialScores(
    String model, double functionName, double attributeSet, double attributeValue, double overall) {
  private static final List<TutorialScores> ALL =
      List.of(
          new TutorialScores("Llama-2-7B, all weights", 0.577, 0.822, 0.942, 0.780),
          new TutorialScores("Llama-2-7B, LoRA", 0.517, 0.845, 0.881, 0.748),
          new TutorialScores("Llama-2-7B chat, untrained", 0.014, 0.010, 0.524, 0.183));

  /** Those that can stand beside an evaluation's: none where its rows cannot be ViGGO's. */
  static List<TutorialScores> beside(List<Prediction> rows) {
    var viggo = Grammar.viggo();
    return rows.stream().allMatch(row -> viggo.accepts(row.expected())) ? ALL : List.of();
  }
}
