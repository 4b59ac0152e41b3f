package org.bayu.tensor.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Safetensors files byte by byte. */
final class TestFiles {
  private TestFiles() {}

  /** Length, header, and as many zero bytes. */
  static byte[] bytes(String header, int dataBytes) {
    var json = header.getBytes(StandardCharsets.UTF_8);
    return bytes(json.length, json, dataBytes);
  }

  /** The same with a length that may lie. */
  static byte[] bytes(long headerLength, byte[] header, int dataBytes) {
    return ByteBuffer.allocate(8 + header.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(headerLength)
        .put(header)
        .array();
  }

  /** The header's entry of one tensor. */
  static String tensor(String name, String dtype, String shape, String offsets) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}"
        .formatted(name, dtype, shape, offsets);
  }

  /** A header of these entries. */
  static String header(String... entries) {
    return "{" + String.join(",", entries) + "}";
  }

  /** Asserts that {@code path} is refused with exactly this reason. */
  static void assertRefused(String reason, Path path) {
    var refusal =
        assertThrows(MalformedFileException.class, () -> SafetensorsFile.open(path).close());
    assertEquals(path + ": " + reason, refusal.getMessage());
    assertEquals(path, refusal.file());
    assertEquals(reason, refusal.reason());
  }

  /** A file of these bytes in {@code folder}. */
  static Path write(Path folder, byte[] bytes) throws IOException {
    return Files.write(folder.resolve("test.safetensors"), bytes);
  }
}
