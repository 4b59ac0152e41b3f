package org.bayu.tensor.io;

import static org.bayu.tensor.io.TestFiles.assertRefused;
import static org.bayu.tensor.io.TestFiles.header;
import static org.bayu.tensor.io.TestFiles.tensor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers that the format's definition, or Bayu beyond it, refuses. */
class SafetensorsHeaderRefusalTest {
  private static final String SCALAR = tensor("w", "F32", "[]", "[0,4]");

  @TempDir private Path folder;

  private void refused(String reason, byte[] bytes) throws IOException {
    assertRefused(reason, TestFiles.write(folder, bytes));
  }

  private void refused(String reason, String header) throws IOException {
    refused(reason, TestFiles.bytes(header, 4));
  }

  @Test
  void missingFileIsNamed() {
    var path = folder.resolve("none.safetensors");
    var e = assertThrows(NoSuchFileException.class, () -> SafetensorsFile.open(path).close());
    assertEquals(path.toString(), e.getFile());
  }

  @Test
  void folderIsRefused() throws IOException {
    assertRefused("is not a regular file", Files.createDirectory(folder.resolve("f.safetensors")));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7})
  void fileShorterThanEightBytesIsRefused(int length) throws IOException {
    refused(
        String.format(Locale.ROOT, "has %d bytes, too few for the length of a header", length),
        new byte[length]);
  }

  @Test
  void headerLengthOverTheLimitIsRefusedBeforeItIsRead() throws IOException {
    refused(
        "announces a header of 100000001 bytes, more than the 100000000 allowed;"
            + " perhaps it is no safetensors file",
        TestFiles.bytes(100_000_001, new byte[0], 0));
  }

  @Test
  void headerLengthIsUnsigned() throws IOException {
    refused(
        "announces a header of 18446744073709551615 bytes, more than the 100000000 allowed;"
            + " perhaps it is no safetensors file",
        TestFiles.bytes(-1, new byte[0], 0));
  }

  @Test
  void headerLongerThanTheFileIsRefused() throws IOException {
    refused(
        "announces a header of 100000000 bytes, but only 2 follow; perhaps it was cut short",
        TestFiles.bytes(100_000_000, new byte[] {'{', '}'}, 0));
    refused(
        "announces a header of 3 bytes, but only 2 follow; perhaps it was cut short",
        TestFiles.bytes(3, new byte[] {'{', '}'}, 0));
  }

  @Test
  void emptyHeaderIsRefused() throws IOException {
    refused("the header is empty", TestFiles.bytes("", 4));
  }

  @Test
  void invalidUtf8IsRefused() throws IOException {
    var overlong = header(SCALAR).getBytes(StandardCharsets.UTF_8);
    overlong[2] = (byte) 0xC0;
    refused(
        "the header is not valid UTF-8 at byte 2", TestFiles.bytes(overlong.length, overlong, 4));
  }

  @Test
  void utf8EncodedSurrogateIsRefused() throws IOException {
    var json = header(tensor("www", "F32", "[]", "[0,4]")).getBytes(StandardCharsets.UTF_8);
    json[2] = (byte) 0xED;
    json[3] = (byte) 0xA0;
    json[4] = (byte) 0x80;
    refused("the header is not valid UTF-8 at byte 2", TestFiles.bytes(json.length, json, 4));
  }

  @Test
  void byteOrderMarkIsRefused() throws IOException {
    refused("the header begins with a byte order mark, not with {", "\ufeff" + header(SCALAR));
  }

  @Test
  void whiteSpaceBeforeTheObjectIsRefused() throws IOException {
    refused("the header begins with byte 0x20, not with {", " " + header(SCALAR));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "null", "\"w\"", "1", "true"})
  void headerThatIsNotAnObjectIsRefused(String json) throws IOException {
    refused(
        String.format(
            Locale.ROOT, "the header begins with byte 0x%02x, not with {", (int) json.charAt(0)),
        json);
  }

  @Test
  void nulPaddingIsRefused() throws IOException {
    refused(
        "the header is not valid JSON at line 1, column "
            + (header(SCALAR).length() + 1)
            + ": \\u0000 stands behind the end of its value",
        header(SCALAR) + "\0\0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", " {}", "1", "null", "\n[]"})
  void trailingJsonIsRefused(String trailing) throws IOException {
    refusedAsJson(header(SCALAR) + trailing);
  }

  @ParameterizedTest
  @ValueSource(strings = {"}", ",", "x", "//", "\u00a0"})
  void trailingCharactersAreRefused(String trailing) throws IOException {
    refusedAsJson(header(SCALAR) + trailing);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{", "{\"", "{\"w\"", "{\"w\":", "{\"w\":{\"dtype\":\"F32\"", "{\"w\":{\"a\":1"})
  void unfinishedJsonIsRefused(String json) throws IOException {
    refusedAsJson(json);
  }

  @Test
  void nestingOver1000IsRefused() throws IOException {
    var depth = StrictJson.MAX_DEPTH - 2 + 1;
    refused(
        "the header is not valid JSON at line 1, column 1013: objects and arrays are nested more"
            + " than 1000 deep",
        "{\"w\":{\"extra\":%s%s,\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}"
            .formatted("[".repeat(depth), "]".repeat(depth)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"NaN", "Infinity", "-Infinity", "+1", "01", "1.", ".5", "0x1", "'a'", "tru"})
  void valueThatIsNotJsonIsRefused(String value) throws IOException {
    refusedAsJson(
        "{\"w\":{\"extra\":%s,\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}"
            .formatted(value));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{,}",
        "{\"__metadata__\":null,}",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\":{\"b\":\"\n\"}}",
        "{\"a\":{\"b\":\"\\x\"}}"
      })
  void objectThatIsNotJsonIsRefused(String json) throws IOException {
    refusedAsJson(json);
  }

  private void refusedAsJson(String header) throws IOException {
    var path = TestFiles.write(folder, TestFiles.bytes(header, 4));
    var e = assertThrows(MalformedFileException.class, () -> SafetensorsFile.open(path).close());
    assertTrue(e.reason().startsWith("the header is not valid JSON at line "), e.reason());
  }

  @Test
  void loneSurrogatesAreRefused() throws IOException {
    refused(
        "the header is not valid JSON at line 1, column 2: the text has \\ud800, which is half a"
            + " character",
        header(tensor("\\ud800", "F32", "[]", "[0,4]")));
    refusedAsJson(header("\"__metadata__\":{\"k\":\"a\\udfff\"}", SCALAR));
    refusedAsJson(
        "{\"w\":{\"extra\":[\"\\udc00\"],\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"f32", "F23", "bf16", "", "F8", "float32", "BF16 "})
  void unknownDtypeIsRefused(String dtype) throws IOException {
    refused(
        "tensor \"w\" has the unknown dtype \"%s\"".formatted(dtype),
        header(tensor("w", dtype, "[]", "[0,4]")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "5", "[\"F32\"]", "{\"F32\":null}"})
  void dtypeThatIsNotAStringIsRefused(String dtype) throws IOException {
    refused(
        "tensor \"w\" has a dtype that is not a string",
        "{\"w\":{\"dtype\":%s,\"shape\":[],\"data_offsets\":[0,4]}}".formatted(dtype));
  }

  @Test
  void missingKeysAreRefused() throws IOException {
    refused("tensor \"w\" has no dtype", "{\"w\":{\"shape\":[],\"data_offsets\":[0,4]}}");
    refused("tensor \"w\" has no shape", "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}");
    refused("tensor \"w\" has no data_offsets", "{\"w\":{\"dtype\":\"F32\",\"shape\":[]}}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dtype", "shape", "data_offsets"})
  void keysGivenTwiceAreRefused(String key) throws IOException {
    var value =
        switch (key) {
          case "dtype" -> "\"F32\"";
          case "shape" -> "[]";
          default -> "[0,4]";
        };
    refused(
        "the header is not valid JSON at line 1, column 53: the key \"%s\" is given twice"
            .formatted(key),
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"%s\":%s}}"
            .formatted(key, value));
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "[]", "1", "\"F32\"", "[\"F32\",[],[0,4]]"})
  void tensorThatIsNotAnObjectIsRefused(String value) throws IOException {
    refused("tensor \"w\" is not an object", "{\"w\":" + value + "}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "4", "{}", "\"[]\""})
  void shapeThatIsNotAnArrayIsRefused(String shape) throws IOException {
    refused(
        "tensor \"w\" has a shape that is not an array",
        header(tensor("w", "F32", shape, "[0,4]")));
  }

  @Test
  void tensorOrMetadataGivenTwiceAreRefused() throws IOException {
    var twice = "the header is not valid JSON at line 1, column %s: the key \"%s\" is given twice";
    refused(twice.formatted(54, "w"), header(SCALAR, SCALAR));
    refused(twice.formatted(54, "w"), header(SCALAR, tensor("\\u0077", "F32", "[]", "[0,4]")));
    refused(
        twice.formatted(72, "__metadata__"),
        header("\"__metadata__\":{}", SCALAR, "\"__metadata__\":{}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "null", "{}", "[]", "true"})
  void metadataThatAreNotStringsAreRefused(String value) throws IOException {
    refused(
        "\"k\" of __metadata__ is not a string",
        header("\"__metadata__\":{\"k\":%s}".formatted(value), SCALAR));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "\"pt\"", "1", "false"})
  void metadataThatAreNotAnObjectAreRefused(String value) throws IOException {
    refused("__metadata__ is not an object", header("\"__metadata__\":" + value, SCALAR));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "-0", "1.0", "1.5", "1e0", "1E2", "0e0"})
  void numberThatIsNotACountIsRefused(String number) throws IOException {
    refused(
        "a number in shape of tensor \"w\" is %s, not a whole number from 0".formatted(number),
        header(tensor("w", "F32", "[%s]".formatted(number), "[0,4]")));
    refused(
        "a number in data_offsets of tensor \"w\" is %s, not a whole number from 0"
            .formatted(number),
        header(tensor("w", "F32", "[]", "[%s,4]".formatted(number))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "18446744073709551616",
        "9223372036854775808",
        "18446744073709551615",
        "99999999999999999999999999999999999999"
      })
  void numberThatNoFileHoldsIsRefused(String number) throws IOException {
    refused(
        "a number in shape of tensor \"w\" is %s, more than any file holds".formatted(number),
        header(tensor("w", "F32", "[%s]".formatted(number), "[0,4]")));
    refused(
        "a number in data_offsets of tensor \"w\" is %s, more than any file holds"
            .formatted(number),
        header(tensor("w", "F32", "[]", "[0,%s]".formatted(number))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"1\"", "null", "[1]", "true"})
  void dimensionThatIsNotANumberIsRefused(String value) throws IOException {
    refused(
        "a number in shape of tensor \"w\" is not a number",
        header(tensor("w", "F32", "[%s]".formatted(value), "[0,4]")));
  }

  @Test
  void namesAreQuotedOnOneLineOfBearableLength() throws IOException {
    refused("tensor \"a\\u000ab\" has no dtype", "{\"a\\nb\":{}}");
    refused(
        "tensor \"%s… (5000 characters)\" has no dtype".formatted("a".repeat(64)),
        "{\"%s\":{}}".formatted("a".repeat(5000)));
  }
}
