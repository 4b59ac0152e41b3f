package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.bayu.lora.LoraTargets.AllLinears;
import org.bayu.lora.LoraTargets.Expression;
import org.bayu.lora.LoraTargets.Names;
import org.junit.jupiter.api.Test;

class LoraTargetsTest {
  private static final List<String> PATHS =
      List.of(
          "model.layers.0.self_attn.q_proj",
          "model.layers.0.mlp.up_proj",
          "model.layers.1.self_attn.q_proj",
          "model.layers.1.mlp.up_proj",
          "lm_head");

  @Test
  void byDefaultEveryLinearLayerButTheHeadIsAdapted() {
    assertEquals(PATHS.subList(0, 4), new AllLinears().select(PATHS));
  }

  @Test
  void aNameMatchesThePathsLastParts() {
    assertEquals(List.of(PATHS.get(0), PATHS.get(2)), new Names(List.of("q_proj")).select(PATHS));
    assertEquals(List.of(PATHS.get(2)), new Names(List.of("1.self_attn.q_proj")).select(PATHS));
    assertEquals(
        List.of(PATHS.get(0), PATHS.get(2), "lm_head"),
        new Names(List.of("lm_head", "q_proj")).select(PATHS));
  }

  @Test
  void anExpressionMatchesTheWholePath() {
    assertEquals(
        List.of(PATHS.get(2)), new Expression("model\\.layers\\.1\\..*q_proj").select(PATHS));
    assertRefused(
        "target_modules: \"q_proj\" matches no linear layer; their paths are like"
            + " model.layers.0.self_attn.q_proj, model.layers.0.mlp.up_proj, lm_head",
        () -> new Expression("q_proj").select(PATHS));
  }

  @Test
  void aNameThatMatchesNothingIsRefusedEvenBesideOneThatMatches() {
    assertRefused(
        "target_modules: no linear layer is named \"proj\"; there are q_proj, up_proj, lm_head",
        () -> new Names(List.of("q_proj", "proj")).select(PATHS));
  }

  @Test
  void aModelOfAHeadOnlyHasNothingToAdapt() {
    assertRefused(
        "the model has no linear layer to adapt",
        () -> new AllLinears().select(List.of("lm_head")));
  }

  @Test
  void emptyListsAndBrokenExpressionsAreRefused() {
    assertRefused("target_modules is an empty list: it adapts nothing", () -> new Names(List.of()));
    assertRefused(
        "target_modules \"(q|k\" is not a regular expression: Unclosed group at position 4",
        () -> new Expression("(q|k"));
  }

  private static void assertRefused(String message, Runnable made) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, made::run).getMessage());
  }
}
