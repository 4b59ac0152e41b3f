package org.bayu.finetune.evaluate;

import java.util.Objects;

/** What was expected of a row and what was predicted. */
record Pair(MeaningRepresentation expected, MeaningRepresentation predicted) {
  boolean hasSameFunction() {
    return Objects.equals(expected.function(), predicted.function());
  }

  /** Two texts without a call have nothing in common but that. */
  boolean isExact() {
    return expected.function() != null && expected.equals(predicted);
  }
}
