package org.bayu.llama.tokenizer;

/** UTF-8 of single code points, without an array. A lone surrogate becomes U+FFFD. */
final class Utf8 {
  private static final int REPLACEMENT = 0xFFFD;

  private Utf8() {}

  /** Bytes of a code point: 1 to 4. */
  static int length(int codePoint) {
    return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }

  /** Byte {@code i} of the {@code length} bytes of a code point, 0 to 255. */
  static int unsignedByte(int codePoint, int i, int length) {
    int whole =
        codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE
            ? REPLACEMENT
            : codePoint;
    if (length == 1) {
      return whole;
    }
    int bits = whole >>> (6 * (length - 1 - i));
    return i == 0 ? ((0xF00 >>> length) & 0xFF) | bits : 0x80 | (bits & 0x3F);
  }
}
