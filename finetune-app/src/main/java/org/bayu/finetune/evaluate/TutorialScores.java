package org.bayu.finetune.evaluate;

import java.util.List;
import java.util.Set;

/**
 * What the tutorial published of a model on ViGGO's 714 validation rows.
 *
 * @param model which of its models
 */
record TutorialScores(
    String model, double functionName, double attributeSet, double attributeValue, double overall) {
  /** ViGGO's functions. */
  static final Set<String> FUNCTIONS =
      Set.of(
          "inform",
          "confirm",
          "give_opinion",
          "recommend",
          "request",
          "request_attribute",
          "request_explanation",
          "suggest",
          "verify_attribute");

  private static final List<TutorialScores> ALL =
      List.of(
          new TutorialScores("Llama-2-7B, all weights", 0.577, 0.822, 0.942, 0.780),
          new TutorialScores("Llama-2-7B, LoRA", 0.517, 0.845, 0.881, 0.748),
          new TutorialScores("Llama-2-7B chat, untrained", 0.014, 0.010, 0.524, 0.183));

  /** Those that can stand beside an evaluation's: none where its rows cannot be ViGGO's. */
  static List<TutorialScores> beside(Evaluation evaluation) {
    return FUNCTIONS.containsAll(evaluation.functions().keySet()) ? ALL : List.of();
  }
}
