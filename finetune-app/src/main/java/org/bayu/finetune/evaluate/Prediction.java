package org.bayu.finetune.evaluate;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What a model made of a row.
 *
 * @param input what the row asks about
 * @param expected its output
 * @param predicted the model's; empty where it was not asked
 * @param end why the answer ended where it does
 */
public record Prediction(String input, String expected, String predicted, End end) {
  /** Why an answer ends. */
  public enum End {
    /** The model ended it. */
    @JsonProperty("stop")
    STOP,
    /** The model has no position left: it is cut. */
    @JsonProperty("positions")
    POSITIONS,
    /** It has as many tokens as were allowed: it is cut. */
    @JsonProperty("max_new_tokens")
    MAX_NEW_TOKENS,
    /** There is none: the prompt has more tokens than the model has positions. */
    @JsonProperty("prompt_too_long")
    PROMPT_TOO_LONG
  }

  /** An answer that the model ended. */
  public Prediction(String input, String expected, String predicted) {
    this(input, expected, predicted, End.STOP);
  }

  /** Whether there is an answer. */
  boolean answered() {
    return end != End.PROMPT_TOO_LONG;
  }

  /** Whether nothing is missing, as from a file. */
  boolean isWhole() {
    return Stream.of(input, expected, predicted, end).allMatch(Objects::nonNull);
  }

  /** Whether the texts are equal, space around them aside. */
  boolean isSameText() {
    return answered() && expected.strip().equals(predicted.strip());
  }
}
