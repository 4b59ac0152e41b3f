package org.bayu.tensor.io;

import static org.bayu.tensor.io.TestFiles.header;
import static org.bayu.tensor.io.TestFiles.tensor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Random damage to a good file is refused in one sentence, or leaves a good file. */
class SafetensorsFuzzTest {
  private static final int FILES = 2000;

  private static final String HEADER =
      header(
          "\"__metadata__\":{\"format\":\"pt\",\"k\":\"v\"}",
          tensor("a", "F32", "[2,3]", "[0,24]"),
          tensor("b.ü", "BF16", "[4]", "[24,32]"),
          tensor("empty", "I64", "[0]", "[32,32]"),
          tensor("c", "U8", "[]", "[32,33]"));

  /** What is inserted or overwritten, beside single bytes. */
  private static final String[] TOKENS = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\ud800",
    "null",
    "NaN",
    "-",
    "1e9",
    "0",
    "9",
    "18446744073709551615",
    "9223372036854775807",
    "\"dtype\":",
    "\"shape\":",
    "\"F32\"",
    "\"__metadata__\":",
    "[0,0]",
    "\0",
    "\ufeff",
    " ",
    "{}",
    "[[[[[[[["
  };

  @TempDir private Path folder;

  @Test
  @Timeout(60)
  void damagedFilesAreRefusedOrGood() throws IOException {
    var path = folder.resolve("fuzz.safetensors");
    var good = 0;
    for (var seed = 0; seed < FILES; seed++) {
      var bytes = damaged(new Random(seed));
      Files.write(path, bytes);
      try (var file = SafetensorsFile.open(path)) {
        assertGood(file, bytes);
        good++;
      } catch (MalformedFileException e) {
        assertEquals(path + ": " + e.reason(), e.getMessage());
        assertFalse(e.reason().isBlank() || e.reason().contains("\n"), "seed " + seed);
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    // Damage to the data, to names and to white space leaves a good file; most damage does not.
    assertTrue(good > FILES / 100 && good < FILES / 2, good + " good files");
  }

  private static void assertGood(SafetensorsFile file, byte[] bytes) throws IOException {
    var size = 0L;
    for (var entry : file.entries()) {
      assertEquals(entry.byteSize(), file.bytes(entry.name()).byteSize());
      size += entry.byteSize();
      if (entry.dtype() != null) {
        assertEquals(entry.shape().elements(), file.tensor(entry.name()).toFloats().length);
      }
    }
    var headerBytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertEquals(bytes.length, 8 + headerBytes + size);
  }

  private static byte[] damaged(Random random) {
    var json = HEADER.getBytes(StandardCharsets.UTF_8);
    for (var i = random.nextInt(3); i >= 0; i--) {
      json = damage(random, json);
    }
    // Mostly a length that fits, so that the damage is found further on.
    var length = random.nextInt(10) == 0 ? random.nextLong() >> random.nextInt(64) : json.length;
    var bytes = TestFiles.bytes(length, json, 33);
    return random.nextInt(20) == 0 ? damage(random, bytes) : bytes;
  }

  private static byte[] damage(Random random, byte[] bytes) {
    var from = random.nextInt(bytes.length);
    var to = Math.min(bytes.length, from + random.nextInt(8));
    return switch (random.nextInt(6)) {
      case 0 -> replace(bytes, from, from + 1, new byte[] {(byte) random.nextInt()});
      case 1 -> {
        // One digit for another.
        var digit = from;
        while (digit < bytes.length - 1 && !Character.isDigit(bytes[digit])) {
          digit++;
        }
        yield replace(bytes, digit, digit + 1, new byte[] {(byte) ('0' + random.nextInt(10))});
      }
      case 2 -> replace(bytes, from, to, new byte[0]);
      case 3 -> replace(bytes, from, from, Arrays.copyOfRange(bytes, from, to));
      case 4 -> {
        var other = random.nextInt(bytes.length);
        var end = Math.min(bytes.length, other + random.nextInt(60));
        yield replace(bytes, from, from, Arrays.copyOfRange(bytes, other, end));
      }
      default -> {
        var token = TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.UTF_8);
        yield replace(bytes, from, random.nextBoolean() ? from : to, token);
      }
    };
  }

  private static byte[] replace(byte[] bytes, int from, int to, byte[] replacement) {
    return ByteBuffer.allocate(bytes.length - (to - from) + replacement.length)
        .put(bytes, 0, from)
        .put(replacement)
        .put(bytes, to, bytes.length - to)
        .array();
  }
}
