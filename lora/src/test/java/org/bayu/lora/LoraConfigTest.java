package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.bayu.lora.LoraTargets.AllLinears;
import org.junit.jupiter.api.Test;

class LoraConfigTest {
  @Test
  void theScaleIsAlphaOverRankOrOverItsRoot() {
    assertEquals(1, LoraConfig.DEFAULT.scale());
    assertEquals(0.5f, new LoraConfig(16, 8, 0, new AllLinears(), false).scale());
    assertEquals(2, new LoraConfig(16, 8, 0, new AllLinears(), true).scale());
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
}
