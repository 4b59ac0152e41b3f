package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PythonPatternTest {
  private static boolean matches(String expression, String path) {
    return PythonPattern.of("target_modules", expression, expression).matches(path);
  }

  @Test
  void namedGroupsAreWrittenAsPythonDoes() {
    assertTrue(matches("layers\\.(?P<the_layer>\\d)\\.(?P<b>q|k)_proj", "layers.1.k_proj"));
    assertTrue(matches("(?P<a_1>.)x(?P=a_1)", "qxq"));
    assertFalse(matches("(?P<a_1>.)x(?P=a_1)", "qxk"));
    assertTrue(matches("\\(?P<q", "(P<q") || matches("\\(?P<q", "P<q"));
  }

  @Test
  void bracketsAndAmpersandsInAClassAreCharacters() {
    assertTrue(matches("[a[]", "["));
    assertTrue(matches("[a&&b]", "a"));
    assertTrue(matches("[]a]", "]"));
    assertTrue(matches("[^]a]", "b"));
    assertTrue(matches("[qk]_proj", "k_proj"));
  }

  @Test
  void aMatchThatTakesTooManyStepsIsRefused() {
    var slow = PythonPattern.of("target_modules", "(.*.*.*.*)*x", "(.*.*.*.*)*x");
    var refusal =
        assertThrows(
            IllegalArgumentException.class, () -> slow.matches("model.layers.0.self_attn.q_proj"));
    assertEquals(
        "target_modules \"(.*.*.*.*)*x\" takes too many steps to match"
            + " \"model.layers.0.self_attn.q_proj\"",
        refusal.getMessage());
  }

  @Test
  void aLongExpressionIsRefused() {
    var refusal =
        assertThrows(IllegalArgumentException.class, () -> matches("q".repeat(10_001), "q"));
    assertEquals(
        "target_modules \""
            + "q".repeat(64)
            + "… (10001 characters)\" is longer than 10000 characters",
        refusal.getMessage());
  }
}
