package org.bayu.finetune.grammar;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bayu.llama.generate.ByteAutomaton;

/**
 * The function calls that a model can write: {@code name(key[value], key[value])}, with the
 * attributes in any order and any number. A value may always be empty, and never has a bracket. One
 * space or line break may come before the call, and a comma may have no space behind it.
 *
 * @param functions names of functions
 * @param attributes names of attributes with the form of their values
 */
record CallGrammar(List<String> functions, Map<String, Values> attributes) {
  /** What stands between the items of a list. */
  static final String SEPARATOR = ", ";

  /** The form of an attribute's values. */
  sealed interface Values {
    /** Any text without brackets. */
    record Text() implements Values {}

    /** Digits. */
    record Digits() implements Values {}

    /** One of some texts. */
    record OneOf(List<String> texts) implements Values {}

    /** Some of some texts, {@value #SEPARATOR} between them. */
    record Several(List<String> texts) implements Values {}
  }

  /**
   * The automaton that accepts these calls and nothing else.
   *
   * @throws IllegalArgumentException if a list has an item that {@value #SEPARATOR} is in
   */
  ByteAutomaton automaton() {
    return new Build().automaton();
  }

  private final class Build {
    private final ByteAutomaton.Builder automaton = new ByteAutomaton.Builder();
    private final int start = automaton.state();
    private final int call = automaton.state();
    private final int open = automaton.state();
    private final int behindValue = automaton.state();
    private final int comma = automaton.state();
    private final int key = automaton.state();
    private final int end = automaton.state();
    private final Map<String, Integer> values = new HashMap<>();

    ByteAutomaton automaton() {
      automaton.text(start, " ", call).text(start, "\n", call);
      for (var function : functions) {
        automaton.text(start, function + "(", open).text(call, function + "(", open);
      }
      automaton.text(open, ")", end);
      addKeys(open);
      automaton.text(behindValue, ",", comma).text(behindValue, ")", end).accept(end);
      automaton.text(comma, " ", key);
      addKeys(comma);
      addKeys(key);
      return automaton.build();
    }

    private void addKeys(int from) {
      attributes.forEach(
          (name, form) ->
              automaton.text(from, name + "[", values.computeIfAbsent(name, _ -> value(form))));
    }

    /** The state behind the bracket that opens a value. */
    private int value(Values form) {
      var value = automaton.state();
      automaton.text(value, "]", behindValue);
      switch (form) {
        case Values.Text() -> automaton.anyCharacterBut(value, "[]", value);
        case Values.Digits() -> automaton.bytes(value, '0', '9', value);
        case Values.OneOf(var texts) ->
            texts.forEach(text -> automaton.text(value, text + "]", behindValue));
        case Values.Several(var texts) -> {
          var item = automaton.state();
          for (var text : texts) {
            automaton.text(value, text + "]", behindValue).text(value, text + SEPARATOR, item);
            automaton.text(item, text + "]", behindValue).text(item, text + SEPARATOR, item);
          }
        }
      }
      return value;
    }
  }
}
