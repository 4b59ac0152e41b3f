package org.bayu.finetune.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class GenerationSpeedTest {
  @Test
  void theRateLeavesOutTheFirstTokens() {
    var speed = new GenerationSpeed();
    speed.token(0);
    speed.token(1);
    assertTrue(speed.toString().matches("2 tokens; the first after \\d+\\.\\d s\\."));
    speed.token(0);
    assertTrue(speed.toString().matches("3 tokens; the first after .* then [\\d.]+ tokens/s\\."));
  }

  @Test
  void noTokenHasNoSpeed() {
    assertEquals("No token was generated.", new GenerationSpeed().toString());
  }
}
