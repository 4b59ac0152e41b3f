package org.bayu.finetune.data;

/**
 * One row of a data file, its template filled in.
 *
 * @param input what the row asks about, for display: its {@code input}, else its {@code
 *     instruction}, {@code prompt} or conversation
 * @param prompt all that the model reads
 * @param output what it is to answer, without the end-of-sequence token
 */
public record PromptedRow(String input, String prompt, String output) {}
