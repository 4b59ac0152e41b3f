package org.bayu.finetune.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.bayu.finetune.grammar.Grammar;
import org.junit.jupiter.api.Test;

class TutorialScoresTest {
  private static List<String> models(String... expected) {
    var evaluation =
        Evaluation.of(Stream.of(expected).map(text -> new Prediction("", text, text)).toList());
    return EvaluationTables.scores(evaluation).rows().stream().map(List::getFirst).toList();
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
  }

  @Test
  void viggosFunctionsAreThoseOfItsGrammar() throws IOException {
    var grammar = Grammar.class.getResourceAsStream("viggo.json");
    var functions = new HashSet<String>();
    new ObjectMapper()
        .readTree(grammar)
        .path("functions")
        .forEach(name -> functions.add(name.textValue()));
    assertEquals(functions, TutorialScores.FUNCTIONS);
  }
}
