package org.bayu.finetune.evaluate;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What can be wrong with a prediction. A row can have several. */
public enum Mistake {
  /** The model was not asked: the prompt is too long for it. */
  NO_ANSWER("no answer"),
  /** A call was expected and the text is none, or more than one. */
  MALFORMED("no well-formed call"),
  /** The call has another name. */
  FUNCTION("another function"),
  /** An expected attribute is not there. */
  MISSING("an attribute is missing"),
  /** An attribute that is not expected is there, or one is there too often. */
  INVENTED("an attribute too many"),
  /** An expected attribute has another value. */
  VALUE("another value"),
  /** No call was expected, and the text is another one. */
  TEXT("another text");

  private final String words;

  Mistake(String words) {
    this.words = words;
  }

  /** In words, as a table has it. */
  public String words() {
    return words;
  }

  /** As files have it. */
  @JsonValue
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
