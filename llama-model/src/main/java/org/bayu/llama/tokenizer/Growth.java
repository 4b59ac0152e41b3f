package org.bayu.llama.tokenizer;

import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.bayu.tensor.io.MalformedFileException;

/**
 * How long a text may get while rules of tokenizer.json rewrite it. Rules in a row could double it
 * again and again, until it fills the memory.
 */
final class Growth {
  /** More than any known tokenizer does; NFKC makes up to 18 characters of one. */
  static final int FACTOR = 32;

  private static final int LEAST = 10_000;

  private Growth() {}

  /** The greatest length that a text of {@code length} may get. */
  static long limit(int length) {
    return LEAST + (long) FACTOR * length;
  }

  /** The stages of a component, one after the other; each keeps within the limit of its input. */
  static UnaryOperator<String> sequence(JsonObject component, List<UnaryOperator<String>> stages) {
    var all = List.copyOf(stages);
    return text -> {
      var rewritten = text;
      for (var stage : all) {
        rewritten = stage.apply(rewritten);
        check(component, text.length(), rewritten.length());
      }
      return rewritten;
    };
  }

  /**
   * Checks what a component made of a text.
   *
   * @throws UncheckedIOException if it is too long
   */
  static void check(JsonObject component, int before, long after) {
    if (after > limit(before)) {
      throw new UncheckedIOException(
          new MalformedFileException(
              component.file(),
              String.format(
                  Locale.ROOT,
                  "%s makes a text of %,d characters longer than %,d",
                  component.where(),
                  before,
                  limit(before))));
    }
  }
}
