package org.bayu.finetune;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Damages the bytes of a file: a bit, a stretch, a token of its text, or all of it. */
final class Damage {
  /** A JSON or YAML value, roughly: a text in quotes, a number, a word. */
  private static final Pattern VALUE =
      Pattern.compile("\"[^\"\\n]{0,200}\"|-?\\d[\\d.eE+-]*|\\b(?:true|false|null)\\b");

  /** What stands where a value stood. */
  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "[]",
          "{}",
          "\"\"",
          "0",
          "-1",
          "0.5",
          "1e400",
          "NaN",
          "99999999999999999999",
          "2147483647",
          "2147483648",
          "[[[[1]]]]",
          "{\"a\": {\"b\": null}}",
          "\"\\u001b[31mred\\u0007\"",
          "\"\\ud800\"",
          "\"a\\u0000b\"",
          "\"../../x\"",
          "\"/nowhere\"",
          "\"[\"",
          "\"(?<n>a)\"",
          "\"\u202egpj\"");

  /** What is written into the middle of a file. */
  private static final List<String> INSERTIONS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "\\",
          "\n",
          "\r",
          "\0",
          "\u001b[2J",
          "\ufeff",
          "{}",
          "\u00e9",
          "#",
          "- ",
          "\t",
          "&a ",
          "*a ",
          "!!x ",
          "---\n",
          "//",
          "/*");

  private final RandomGenerator random;

  Damage(RandomGenerator random) {
    this.random = random;
  }

  /** A damaged copy. */
  byte[] of(byte[] file) {
    if (file.length == 0) {
      return new byte[] {(byte) random.nextInt(256)};
    }
    return switch (random.nextInt(12)) {
      case 0 -> flipped(file);
      case 1 -> spliced(file, at(file), at(file), new byte[0]);
      case 2 -> Arrays.copyOf(file, random.nextInt(file.length));
      case 3 -> inserted(file, choose(INSERTIONS).getBytes(UTF_8));
      case 4 -> inserted(file, randomBytes());
      case 5 -> inserted(file, stretch(file));
      case 6 -> whole();
      case 7 -> inserted(file, "[".repeat(1 << random.nextInt(13)).getBytes(UTF_8));
      default -> otherValue(file);
    };
  }

  private byte[] flipped(byte[] file) {
    var flipped = file.clone();
    for (var i = random.nextInt(1, 4); i > 0; i--) {
      flipped[at(file)] ^= (byte) (1 << random.nextInt(8));
    }
    return flipped;
  }

  private byte[] otherValue(byte[] file) {
    // One byte a character, so that what is not text stays as it is.
    var text = new String(file, ISO_8859_1);
    var values = VALUE.matcher(text).results().toList();
    if (values.isEmpty()) {
      return flipped(file);
    }
    var value = values.get(random.nextInt(values.size()));
    var other = random.nextInt(8) == 0 ? large() : choose(VALUES);
    if (random.nextInt(4) == 0) {
      var otherValue = values.get(random.nextInt(values.size()));
      other = text.substring(otherValue.start(), otherValue.end());
      return spliced(file, value.start(), value.end(), other.getBytes(ISO_8859_1));
    }
    return spliced(file, value.start(), value.end(), other.getBytes(UTF_8));
  }

  private String large() {
    return switch (random.nextInt(3)) {
      case 0 -> "1".repeat(1200);
      case 1 -> "\"" + "x".repeat(60_000) + "\"";
      default -> "{\"" + "k".repeat(60_000) + "\": 1}";
    };
  }

  private byte[] whole() {
    return switch (random.nextInt(6)) {
      case 0 -> new byte[0];
      case 1 -> "null".getBytes(UTF_8);
      case 2 -> randomBytes();
      case 3 -> "{}".getBytes(UTF_8);
      case 4 -> "[]".getBytes(UTF_8);
      default ->
          ("version https://git-lfs.github.com/spec/v1\noid sha256:"
                  + "0".repeat(64)
                  + "\nsize 9\n")
              .getBytes(UTF_8);
    };
  }

  private byte[] randomBytes() {
    var bytes = new byte[random.nextInt(1, 64)];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] stretch(byte[] file) {
    var a = at(file);
    return Arrays.copyOfRange(file, a, Math.min(file.length, a + random.nextInt(1, 200)));
  }

  private byte[] inserted(byte[] file, byte[] insertion) {
    var at = at(file);
    return spliced(file, at, at, insertion);
  }

  private static byte[] spliced(byte[] file, int a, int b, byte[] between) {
    var start = Math.min(a, b);
    var end = Math.max(a, b);
    var result = new byte[start + between.length + file.length - end];
    System.arraycopy(file, 0, result, 0, start);
    System.arraycopy(between, 0, result, start, between.length);
    System.arraycopy(file, end, result, start + between.length, file.length - end);
    return result;
  }

  /** A place, more often near the beginning, where headers are. */
  private int at(byte[] file) {
    return random.nextInt(random.nextBoolean() ? file.length : Math.min(file.length, 1500));
  }

  private <T> T choose(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
