package org.bayu.train.data;

import java.util.Locale;

/**
 * How long an example may be, and what sets this limit.
 *
 * @param tokens the most tokens of an example
 * @param ofModel whether the limit is the number of the model's positions, not {@code
 *     max_tune_length}
 */
public record LengthLimit(int tokens, boolean ofModel) {

  /** The smaller of the two limits. */
  public static LengthLimit of(int maxTuneLength, int maxPositions) {
    return new LengthLimit(Math.min(maxTuneLength, maxPositions), maxPositions <= maxTuneLength);
  }

  /** What to do about rows that it cut too short: a sentence. */
  public String advice() {
    return ofModel
        ? "Shorten the instruction or the input: the model has no more positions."
        : "Raise max_tune_length, or shorten the instruction.";
  }

  /** The limit by its name: "max_tune_length, 64 tokens". */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, ofModel ? "the model's %,d positions" : "max_tune_length, %,d tokens", tokens);
  }
}
