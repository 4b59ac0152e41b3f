package org.bayu.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.bayu.llama.tokenizer.TemplateText;
import org.junit.jupiter.api.Test;

class PromptTemplateTest {
  private static String fill(PromptTemplate template, Map<String, String> row)
      throws BadRowException {
    return template.fill(row::get).text();
  }

  @Test
  void alpacasTextsAreLevantersToTheLetter() throws BadRowException {
    assertEquals(
        "Below is an instruction that describes a task, paired with an input that provides further"
            + " context. Write a response that appropriately completes the request.\n\n"
            + "### Instruction:\nDo it.\n\n### Input:\nthis\n\n### Response:",
        fill(PromptTemplate.ALPACA, Map.of("instruction", "Do it.", "input", "this")));
    var withoutInput =
        "Below is an instruction that describes a task. Write a response that appropriately"
            + " completes the request.\n\n### Instruction:\nDo it.\n\n### Response:";
    assertEquals(withoutInput, fill(PromptTemplate.ALPACA, Map.of("instruction", "Do it.")));
    assertEquals(
        withoutInput, fill(PromptTemplate.ALPACA, Map.of("instruction", "Do it.", "input", "")));
  }

  @Test
  void bracesFollowPythonsFormat() throws BadRowException {
    var template = new PromptTemplate("{{{input}}} {topic}", "{{}}");
    assertEquals("{a{b}$1} games", fill(template, Map.of("input", "a{b}$1", "topic", "games")));
    assertEquals("{}", fill(template, Map.of()));
  }

  @Test
  void aFieldThatTheRowHasNotIsNamed() {
    var e =
        assertThrows(
            BadRowException.class, () -> fill(PromptTemplate.ALPACA, Map.of("input", "x")));
    assertEquals(
        "the template names {instruction}, a field that the row does not have", e.reason());
  }

  @Test
  void onlyTheTemplatesOwnWordsMaySpellSpecialTokens() throws BadRowException {
    assertEquals(
        TemplateText.EMPTY.literal("<s>{").field("<s>").literal("}</s>"),
        new PromptTemplate("", "<s>{{{a}}}</s>").fill(Map.of("a", "<s>")::get));
  }

  @Test
  void aFieldsNameIsAnIdentifierOrHasHyphens() throws BadRowException {
    for (var name : new String[] {"topic", "Topic_2", "a-b", "größe", "_"}) {
      assertEquals("x", fill(new PromptTemplate("", "{" + name + "}"), Map.of(name, "x")));
    }
  }

  @Test
  void aLoneBraceIsRefusedWithItsPlace() {
    for (var text :
        new String[] {"ab{", "ab}", "ab{a b}", "ab{}", "ab{x!r}", "ab{0}", "ab{x:>5}", "ab{x.y}"}) {
      var e = assertThrows(IllegalArgumentException.class, () -> new PromptTemplate(text, ""));
      assertTrue(String.valueOf(e.getMessage()).contains("character 3"), e::getMessage);
    }
  }
}
