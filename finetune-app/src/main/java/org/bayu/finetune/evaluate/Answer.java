package org.bayu.finetune.evaluate;

/**
 * What a model answers to a row.
 *
 * @param row its number, from 0
 */
public record Answer(int row, String predicted, Prediction.End end) {}
