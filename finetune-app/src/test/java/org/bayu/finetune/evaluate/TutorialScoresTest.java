package org.bayu.finetune.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TutorialScoresTest {
  private static List<String> models(String... expected) {
    var rows = Stream.of(expected).map(text -> new Prediction("", text, text)).toList();
    return EvaluationTables.scores(Evaluation.of(rows).scores(), rows).rows().stream()
        .map(List::getFirst)
        .toList();
  }

  @Test
  void theyStandOnlyBesideRowsThatCanBeViggos() {
    assertEquals(
        List.of(
            "This run, 2 rows",
            "Tutorial on ViGGO's 714 rows: Llama-2-7B, all weights",
            "Tutorial on ViGGO's 714 rows: Llama-2-7B, LoRA",
            "Tutorial on ViGGO's 714 rows: Llama-2-7B chat, untrained"),
        models("inform(name[Karto II])", "request(specifier[bad])"));
    assertEquals(List.of("This run, 2 rows"), models("inform(name[x])", "describe(name[x])"));
    assertEquals(List.of("This run, 2 rows"), models("inform(name[x])", "yes"));
    // The demo's rows about trails have ViGGO's functions, and attributes of their own.
    assertEquals(
        List.of("This run, 2 rows"), models("inform(name[x], distance[3 km])", "inform(name[x])"));
  }
}
