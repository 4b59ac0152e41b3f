package org.bayu.collectives;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.lang.foreign.MemorySegment;

/** Text of a library or a user for messages: one line that a terminal can show. */
final class CText {
  private static final int LONGEST = 200;

  private CText() {}

  /** The first line of a C string. */
  static String line(MemorySegment text) {
    return line(text.getString(0, US_ASCII));
  }

  /** The first line, without control characters. */
  static String line(String text) {
    var line = text.lines().map(String::strip).findFirst().orElse("");
    var shown = line.substring(0, Math.min(line.length(), LONGEST));
    return shown.replaceAll("\\p{Cntrl}+", " ");
  }
}
