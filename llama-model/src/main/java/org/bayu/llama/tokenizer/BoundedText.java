package org.bayu.llama.tokenizer;

/**
 * A part of a text that may be read only so often: what searches it for a regular expression ends,
 * however badly the expression was made. For one search.
 */
final class BoundedText implements CharSequence {
  /** The patterns of known models take up to 11. */
  private static final long STEPS_A_CHARACTER = 200;

  private static final long LEAST_STEPS = 10_000_000;

  private final String text;
  private final int start;
  private final int length;
  private long stepsLeft;

  /** The text was read too often. */
  static final class TooMuchWork extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  BoundedText(String text, int start, int end) {
    this.text = text;
    this.start = start;
    length = end - start;
    stepsLeft = steps(length);
  }

  /** How many characters may be read of a text of {@code length}. */
  static long steps(int length) {
    return LEAST_STEPS + STEPS_A_CHARACTER * length;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public char charAt(int index) {
    if (--stepsLeft < 0) {
      throw new TooMuchWork();
    }
    return text.charAt(start + index);
  }

  @Override
  public CharSequence subSequence(int from, int to) {
    return text.subSequence(start + from, start + to);
  }

  @Override
  public String toString() {
    return text.substring(start, start + length);
  }
}
