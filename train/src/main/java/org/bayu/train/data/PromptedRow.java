package org.bayu.train.data;

import org.bayu.llama.tokenizer.TemplateText;

/**
 * One row of a data file, its template filled in.
 *
 * @param input what the row asks about, for display: its {@code input}, else its {@code
 *     instruction}, {@code prompt} or conversation
 * @param prompt all that the model reads
 * @param output what it is to answer, without the end-of-sequence token
 * @param specialTokens whether special tokens that the row itself spells are tokens
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
