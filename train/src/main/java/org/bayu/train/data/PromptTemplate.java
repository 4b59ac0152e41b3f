package org.bayu.train.data;

import java.util.Locale;
import java.util.regex.Pattern;
import org.bayu.llama.tokenizer.TemplateText;
import org.jspecify.annotations.Nullable;

/**
 * The template of prompts: two texts with the row's fields in braces, one for rows that have an
 * {@code input} and one for rows that have none. Braces follow Python's {@code str.format}, as
 * Levanter's {@code prompts} do: {@code {name}} is the row's field, {@code {{} and {@code }}} stand
 * for one brace.
 *
 * @param promptInput the text for a row whose {@code input} is not empty
 * @param promptNoInput the text for a row whose {@code input} is missing or empty
 */
public record PromptTemplate(String promptInput, String promptNoInput) {

  // Before ALPACA, whose construction uses it.
  private static final Pattern BRACES =
      Pattern.compile(
          "\\{\\{|}}|\\{([\\w-]*[\\p{L}_-][\\w-]*)}|[{}]", Pattern.UNICODE_CHARACTER_CLASS);

  /** A row's fields. */
  @FunctionalInterface
  public interface Fields {
    /**
     * The field's text; null if the row does not have it.
     *
     * @throws BadRowException if it has it, but not as what a text can show
     */
    @Nullable String get(String name) throws BadRowException;
  }

  /** Stanford Alpaca's texts, Levanter's default. */
  public static final PromptTemplate ALPACA =
      new PromptTemplate(
          """
          Below is an instruction that describes a task, paired with an input that provides further \
          context. Write a response that appropriately completes the request.

          ### Instruction:
          {instruction}

          ### Input:
          {input}

          ### Response:\
          """,
          """
          Below is an instruction that describes a task. Write a response that appropriately \
          completes the request.

          ### Instruction:
          {instruction}

          ### Response:\
          """);

  /**
   * Checks the braces of both texts.
   *
   * @throws IllegalArgumentException if one stands alone or holds more than a field's name
   */
  public PromptTemplate {
    check("prompt_input", promptInput);
    check("prompt_no_input", promptNoInput);
  }

  /**
   * The prompt of a row.
   *
   * @throws BadRowException if the text names a field that the row does not have
   */
  public TemplateText fill(Fields fields) throws BadRowException {
    var input = fields.get("input");
    var text = input == null || input.isEmpty() ? promptNoInput : promptInput;
    var filled = TemplateText.EMPTY;
    var literal = new StringBuilder();
    var done = 0;
    for (var braces = BRACES.matcher(text); braces.find(); done = braces.end()) {
      literal.append(text, done, braces.start());
      var name = braces.group(1);
      if (name == null) {
        literal.append(braces.group(), 1, 2);
      } else {
        filled = filled.literal(literal.toString()).field(value(name, fields));
        literal.setLength(0);
      }
    }
    return filled.literal(literal.append(text, done, text.length()).toString());
  }

  private static String value(String name, Fields fields) throws BadRowException {
    var value = fields.get(name);
    if (value == null) {
      throw new BadRowException(
          "the template names {%s}, a field that the row does not have".formatted(name));
    }
    return value;
  }

  private static void check(String key, String text) {
    var braces = BRACES.matcher(text);
    while (braces.find()) {
      if (braces.group().length() == 1) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "%s has a lone '%s' at character %d; write a field as {name}, and a brace itself"
                    + " twice",
                key,
                braces.group(),
                braces.start() + 1));
      }
    }
  }
}
