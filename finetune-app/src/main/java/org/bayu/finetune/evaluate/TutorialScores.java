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

  /** ViGGO's attributes. */
  static final Set<String> ATTRIBUTES =
      Set.of(
          "name",
          "exp_release_date",
          "release_year",
          "developer",
          "esrb",
          "rating",
          "genres",
          "player_perspective",
          "has_multiplayer",
          "platforms",
          "available_on_steam",
          "has_linux_release",
          "has_mac_release",
          "specifier");

  private static final List<TutorialScores> ALL =
      List.of(
          new TutorialScores("Llama-2-7B, all weights", 0.577, 0.822, 0.942, 0.780),
          new TutorialScores("Llama-2-7B, LoRA", 0.517, 0.845, 0.881, 0.748),
          new TutorialScores("Llama-2-7B chat, untrained", 0.014, 0.010, 0.524, 0.183));

  /** Those that can stand beside an evaluation's: none where its rows cannot be ViGGO's. */
  static List<TutorialScores> beside(List<Prediction> rows) {
    return rows.stream().allMatch(row -> canBeViggos(row.expected())) ? ALL : List.of();
  }

  private static boolean canBeViggos(String expected) {
    var call = MeaningRepresentation.parse(expected);
    return call.function() != null
        && FUNCTIONS.contains(call.function())
        && ATTRIBUTES.containsAll(call.attributes().keySet());
  }
}
