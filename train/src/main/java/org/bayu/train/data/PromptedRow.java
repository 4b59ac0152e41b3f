package org.bayu.train.data;

import org.bayu.llama.tokenizer.TemplateText;

/**
 * One row of data as prompt and output.
 *
 * @param input the row's question, for display: its {@code input}, else its {@code instruction},
 *     {@code prompt} or conversation
 * @param prompt the whole text that the model reads
 * @param output the expected answer, without the end-of-sequence token
 * @param specialTokens whether special tokens that the row's own text spells are tokens
 */
public record PromptedRow(String input, TemplateText prompt, String output, boolean specialTokens) {

  /** A row of plain text, in which nothing is a special token. */
  public static PromptedRow of(String prompt, String output) {
    return new PromptedRow(prompt, TemplateText.EMPTY.field(prompt), output, false);
  }

  /** Prompt and output as one text, with nothing between them. */
  public TemplateText whole() {
    return specialTokens
        ? TemplateText.EMPTY.literal(prompt.text() + output)
        : prompt.field(output);
  }
}
