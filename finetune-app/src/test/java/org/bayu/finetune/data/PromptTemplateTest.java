package org.bayu.finetune.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class PromptTemplateTest {
  @Test
  void alpacasTextsAreLevantersToTheLetter() throws BadRowException {
    assertEquals(
        "Below is an instruction that describes a task, paired with an input that provides further"
            + " context. Write a response that appropriately completes the request.\n\n"
            + "### Instruction:\nDo it.\n\n### Input:\nthis\n\n### Response:",
        PromptTemplate.ALPACA.fill(Map.of("instruction", "Do it.", "input", "this")));
    var withoutInput =
        "Below is an instruction that describes a task. Write a response that appropriately"
            + " completes the request.\n\n### Instruction:\nDo it.\n\n### Response:";
    assertEquals(withoutInput, PromptTemplate.ALPACA.fill(Map.of("instruction", "Do it.")));
    assertEquals(
        withoutInput, PromptTemplate.ALPACA.fill(Map.of("instruction", "Do it.", "input", "")));
  }

  @Test
  void bracesFollowPythonsFormat() throws BadRowException {
    var template = new PromptTemplate("{{{input}}} {topic}", "{{}}");
    assertEquals("{a{b}$1} games", template.fill(Map.of("input", "a{b}$1", "topic", "games")));
    assertEquals("{}", template.fill(Map.of()));
  }

  @Test
  void aFieldThatTheRowHasNotIsNamed() {
    var e =
        assertThrows(BadRowException.class, () -> PromptTemplate.ALPACA.fill(Map.of("input", "x")));
    assertEquals("the field 'instruction' is missing", e.reason());
  }

  @Test
  void aLoneBraceIsRefusedWithItsPlace() {
    for (var text : new String[] {"ab{", "ab}", "ab{a b}", "ab{}", "ab{x!r}"}) {
      var e = assertThrows(IllegalArgumentException.class, () -> new PromptTemplate(text, ""));
      assertTrue(String.valueOf(e.getMessage()).contains("character 3"), e::getMessage);
    }
  }
}
