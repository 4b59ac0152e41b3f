package org.bayu.llama.tokenizer;

/** Classes of characters as the Unicode regular expressions of other tokenizers see them. */
final class Characters {
  private Characters() {}

  /** Unicode's White_Space, the {@code \s} of Rust's and Oniguruma's expressions. */
  static boolean isWhiteSpace(int codePoint) {
    return (codePoint >= '\t' && codePoint <= '\r')
        || codePoint == 0x85
        || Character.isSpaceChar(codePoint);
  }

  /** {@code \w}: letters, marks, decimal digits, connectors. */
  static boolean isWord(int codePoint) {
    return Character.isAlphabetic(codePoint)
        || switch (Character.getType(codePoint)) {
          case Character.NON_SPACING_MARK,
              Character.ENCLOSING_MARK,
              Character.COMBINING_SPACING_MARK,
              Character.DECIMAL_DIGIT_NUMBER,
              Character.CONNECTOR_PUNCTUATION ->
              true;
          default -> codePoint == 0x200C || codePoint == 0x200D;
        };
  }

  /** Where the white space that ends at {@code end} begins. */
  static int whiteSpaceStart(String text, int end) {
    int start = end;
    while (start > 0 && isWhiteSpace(text.codePointBefore(start))) {
      start -= Character.charCount(text.codePointBefore(start));
    }
    return start;
  }

  /** Where the white space that begins at {@code start} ends. */
  static int whiteSpaceEnd(String text, int start) {
    int end = start;
    while (end < text.length() && isWhiteSpace(text.codePointAt(end))) {
      end += Character.charCount(text.codePointAt(end));
    }
    return end;
  }

  /** Whether the string is exactly one code point. */
  static boolean isSingle(String text) {
    return !text.isEmpty() && text.length() == Character.charCount(text.codePointAt(0));
  }

  /** Whether a place lies between the two halves of a character. */
  static boolean isInsidePair(String text, int place) {
    return place > 0
        && place < text.length()
        && Character.isSurrogatePair(text.charAt(place - 1), text.charAt(place));
  }
}
