package org.bayu.finetune.evaluate;

/**
 * What a model made of a row.
 *
 * @param input what the row asks about
 * @param expected its output
 * @param predicted the model's
 */
public record Prediction(String input, String expected, String predicted) {}
