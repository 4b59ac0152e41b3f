package org.bayu.finetune.data;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the model reads before it answers: two texts with the row's fields in braces, one for rows
 * that have an {@code input} and one for rows that have none. Braces follow Python's {@code
 * str.format}, as Levanter's {@code prompts} do: {@code {name}} is the row's field, {@code {{} and
 * {@code }}} stand for one brace.
 *
 * @param promptInput the text for a row whose {@code input} is not empty
 * @param promptNoInput the text for a row whose {@code input} is missing or empty
 */
public record PromptTemplate(String promptInput, String promptNoInput) {

  // Before ALPACA, whose construction uses it.
  private static final Pattern BRACES = Pattern.compile("\\{\\{|}}|\\{(\\w+)}|[{}]");

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
   * @param fields the row's text fields by name
   * @throws BadRowException if the text names a field that the row has not
   */
  public String fill(Map<String, String> fields) throws BadRowException {
    var text = fields.getOrDefault("input", "").isEmpty() ? promptNoInput : promptInput;
    var filled = new StringBuilder();
    var braces = BRACES.matcher(text);
    while (braces.find()) {
      braces.appendReplacement(filled, Matcher.quoteReplacement(replacement(braces, fields)));
    }
    return braces.appendTail(filled).toString();
  }

  private static String replacement(Matcher braces, Map<String, String> fields)
      throws BadRowException {
    var name = braces.group(1);
    if (name == null) {
      return braces.group().substring(1);
    }
    var value = fields.get(name);
    if (value == null) {
      throw new BadRowException("the field '%s' is missing".formatted(name));
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
                "%s has a lone '%s' at character %d; write a field as {name} and a brace twice",
                key,
                braces.group(),
                braces.start() + 1));
      }
    }
  }
}
