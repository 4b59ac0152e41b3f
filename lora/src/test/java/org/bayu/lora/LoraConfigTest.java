package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bayu.lora.LoraTargets.AllLinears;
import org.junit.jupiter.api.Test;

class LoraConfigTest {
  @Test
  void theScaleIsAlphaOverRankOrOverItsRoot() {
    assertEquals(1, LoraConfig.DEFAULT.scale("q_proj"));
    assertEquals(0.5f, new LoraConfig(16, 8, 0, new AllLinears(), false).scale("q_proj"));
    assertEquals(2, new LoraConfig(16, 8, 0, new AllLinears(), true).scale("q_proj"));
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    assertRefused("the LoRA rank r is 0, less than 1", 0, 8, 0);
    assertRefused("the LoRA alpha is 0.0, not positive", 8, 0, 0);
    assertRefused("the LoRA alpha is NaN, not positive", 8, Double.NaN, 0);
    assertRefused("the LoRA dropout is 1.0, not between 0 and 1", 8, 8, 1);
    assertRefused("the LoRA dropout is -0.1, not between 0 and 1", 8, 8, -0.1);
  }

  private static void assertRefused(String message, int rank, double alpha, double dropout) {
    var refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> new LoraConfig(rank, alpha, dropout, new AllLinears(), false));
    assertEquals(message, refusal.getMessage());
  }

  @Test
  void aPatternMatchesTheEndOfAPathAndTheFirstOneCounts() {
    var ranks = new LinkedHashMap<String, Integer>();
    ranks.put("layers\\.1\\.(?P<which_one>q|k)_proj", 16);
    ranks.put("q_proj", 2);
    var config =
        new LoraConfig(8, 4, 0, new AllLinears(), false, ranks, Map.of("0.q_proj|lm_head", 1.0));
    assertEquals(16, config.rank("layers.1.q_proj"));
    assertEquals(2, config.rank("layers.0.q_proj"));
    assertEquals(8, config.rank("layers.0.xq_proj"));
    assertEquals(8, config.rank("layers.0.q_proj.x"));
    assertEquals(0.25f, config.scale("layers.1.q_proj"));
    assertEquals(0.5f, config.scale("layers.0.q_proj"));
    assertEquals(0.125f, config.scale("lm_head"));
    var stabilized = new LoraConfig(8, 4, 0, new AllLinears(), true, ranks, Map.of());
    assertEquals(1, stabilized.scale("layers.1.k_proj"));
  }

  @Test
  void patternsAreChecked() {
    var refusal =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new LoraConfig(
                    8, 4, 0, new AllLinears(), false, Map.of("(q", 1), Map.of("q", 1.0)));
    assertEquals(
        "rank_pattern \"(q\" is not a regular expression: Unclosed group at position 2",
        refusal.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> new LoraConfig(8, 4, 0, new AllLinears(), false, Map.of("q", 0), Map.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new LoraConfig(8, 4, 0, new AllLinears(), false, Map.of(), Map.of("q", -1.0)));
  }
}
