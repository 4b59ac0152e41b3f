package org.bayu.llama.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2's alphabet of bytes: every byte is written as one printable character, so that pieces of
 * any bytes are strings. Printable Latin-1 stands for itself, the other 68 bytes for the characters
 * from U+0100 on, in order: a space is U+0120. Source: {@code bytes_to_unicode} of GPT-2's encoder.
 */
final class ByteLevel {
  private static final char[] CHARACTERS = characters();
  private static final short[] BYTES = bytes(CHARACTERS);

  private ByteLevel() {}

  /** The character that stands for a byte, 0 to 255. */
  static char character(int unsignedByte) {
    return CHARACTERS[unsignedByte];
  }

  /** The bytes that a piece stands for; null when a character of it stands for none. */
  static byte @Nullable [] bytes(String piece) {
    var bytes = new byte[piece.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = piece.charAt(i);
      if (c >= BYTES.length || BYTES[c] < 0) {
        return null;
      }
      bytes[i] = (byte) BYTES[c];
    }
    return bytes;
  }

  private static char[] characters() {
    var characters = new char[256];
    char next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b > ' ' && b < 0x7F) || (b > 0xA0 && b != 0xAD);
      characters[b] = printable ? (char) b : next++;
    }
    return characters;
  }

  private static short[] bytes(char[] characters) {
    var bytes = new short[0x100 + 68];
    Arrays.fill(bytes, (short) -1);
    for (int b = 0; b < 256; b++) {
      bytes[characters[b]] = (short) b;
    }
    return bytes;
  }
}
