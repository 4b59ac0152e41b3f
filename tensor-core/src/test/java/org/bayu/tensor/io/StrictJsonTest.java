package org.bayu.tensor.io;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
  private static final Path FILE = Path.of("f.json");

  /** Reads everything and keeps the number of tokens. */
  private static int count(JsonParser parser) throws IOException {
    var tokens = 0;
    var depth = 0;
    do {
      var token = parser.nextToken();
      if (token == null) {
        return tokens;
      }
      if (token == JsonToken.VALUE_STRING || token == JsonToken.FIELD_NAME) {
        parser.getText();
      }
      depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
      tokens++;
    } while (depth > 0);
    return tokens;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        " [ ] \r\n\t",
        "\"\"",
        "-0",
        "0.5e-7",
        "1E+400",
        "null",
        "{\"a\":[1,{\"a\":true}],\"b\":{\"a\":false}}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\ud83d\\ude00\"",
        "[\"\u007f\u2028\",\"\ud83d\ude00\"]"
      })
  void jsonIsRead(String json) throws IOException {
    assertTrue(StrictJson.parse(json, StrictJsonTest::count) > 0);
    assertNull(JsonFault.find(json));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|1:1|it is empty",
        "` \n`|2:1|it is empty",
        "`{\n`|2:1|it ends within an object; perhaps it was cut short",
        "`[1, `|1:5|it ends within an array; perhaps it was cut short",
        "{\"a\":\"b|1:8|it ends within an object; perhaps it was cut short",
        "\"b|1:3|it ends within its value; perhaps it was cut short",
        "-|1:2|it ends within its value; perhaps it was cut short",
        "{} {}|1:4|a second value begins, where the text should end",
        "{}x|1:3|x stands behind the end of its value",
        "1 2|1:3|2 stands behind the end of its value",
        "`{\n \"r\": }`|2:7|a value is missing before }",
        "[,1]|1:2|a value is missing before ,",
        "[1,]|1:4|there is a comma before ]",
        "{\"a\":1,}|1:8|there is a comma before }",
        "{,}|1:2|a key in double quotes is missing before ,",
        "{a:1}|1:2|a key in double quotes is missing before a",
        "{\"a\" 1}|1:6|a colon is missing behind the key \"a\"",
        "{\"a\":1 \"b\":2}|1:8|a comma or } is missing before \"",
        "[1}|1:3|a comma or ] is missing before }",
        "{\"a\":1,\"a\":2}|1:8|the key \"a\" is given twice",
        "['a']|1:2|texts stand in double quotes, not in single ones",
        "[NaN]|1:2|the word \"NaN\" is not JSON",
        "[True]|1:2|the word \"True\" is not JSON",
        "[-Infinity]|1:3|a digit is missing behind the minus",
        "[01]|1:2|a number begins with 0",
        "[1.]|1:4|a digit is missing behind the decimal point",
        "[1e]|1:4|a digit is missing in the exponent",
        "[.5]|1:2|. does not belong here",
        "[+1]|1:2|+ does not belong here",
        "// x|1:1|JSON has no comments",
        "{\"a\":1, # x|1:9|a key in double quotes is missing before #",
        "`[\"a\nb\"]`|1:4|a line ends within a text; write \\n for a line break",
        "`[\"a\u0001\"]`|1:4|the character \\u0001 stands in a text; write it as \\u0001",
        "`[\u0000]`|1:2|\\u0000 does not belong here",
        "`[\u001b]`|1:2|\\u001b does not belong here",
        "[\"\\x\"]|1:3|\\x means nothing; write \\\\ for a \\",
        "[\"\\u12g4\"]|1:5|\\u is not followed by four hexadecimal digits",
        "[\"\\ud800\"]|1:2|the text has \\ud800, which is half a character",
        "`\ufeff{}`|1:1|it begins with a byte order mark; save it as UTF-8 without one",
      })
  void whatIsNotJsonIsSaidInPlainWords(String json, String place, String reason) {
    var e = refusal(json == null ? "" : json);
    assertEquals(reason, e.reason());
    assertEquals(place, e.line() + ":" + e.column());
    assertEquals(
        "is not valid JSON at line " + place.replace(":", ", column ") + ": " + reason,
        e.getMessage());
  }

  @Test
  void whatIsTooLargeIsSaidWithTheLimit() throws IOException {
    assertEquals(2000, StrictJson.parse(nested(1000), StrictJsonTest::count));
    assertEquals(
        "objects and arrays are nested more than 1000 deep", refusal(nested(1001)).reason());
    assertEquals(
        "the number is longer than 1000 characters", refusal("[" + "1".repeat(1001)).reason());
    assertEquals(
        "the key is longer than 50000 characters",
        refusal("{\"" + "k".repeat(50_001) + "\":1}").reason());
    assertEquals(
        "the text is longer than 20000000 characters",
        refusal("\"" + "t".repeat(20_000_001) + "\"").reason());
  }

  @Test
  void theExponentOfAnExactNumberIsLimited() throws IOException {
    StrictJson.Content<BigDecimal> exact =
        parser -> {
          var _ = parser.nextToken();
          return parser.getDecimalValue();
        };
    assertEquals(new BigDecimal("1e-999999999"), StrictJson.parse("1e-999999999", exact));
    var e =
        assertThrows(
            InvalidJsonException.class, () -> StrictJson.parse("\n 1e-10522222222", exact));
    assertEquals("the number's exponent is longer than 9 digits", e.reason());
    assertEquals("2:2", e.line() + ":" + e.column());
  }

  private static String nested(int depth) {
    return "[".repeat(depth) + "]".repeat(depth);
  }

  @Test
  void bytesAreUtf8() throws IOException {
    assertEquals(1, StrictJson.read(FILE, "\"größe\"".getBytes(UTF_8), StrictJsonTest::count));
    var latin1 = "\"größe\"".getBytes(ISO_8859_1);
    var e =
        assertThrows(
            MalformedFileException.class,
            () -> StrictJson.read(FILE, latin1, StrictJsonTest::count));
    assertEquals("f.json: is not valid UTF-8 at byte 3", e.getMessage());
    var utf16 = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_16LE);
    e =
        assertThrows(
            MalformedFileException.class,
            () -> StrictJson.read(FILE, utf16, StrictJsonTest::count));
    assertEquals(
        "f.json: is not valid JSON at line 1, column 2: a key in double quotes is missing before"
            + " \\u0000",
        e.getMessage());
  }

  @Test
  void aPointerOfGitLfsIsCalledWhatItIs() {
    var pointer =
        """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 12345
        """;
    var e =
        assertThrows(
            MalformedFileException.class,
            () -> StrictJson.read(FILE, pointer.getBytes(UTF_8), StrictJsonTest::count));
    assertEquals(
        "f.json: is a Git LFS pointer, which only stands for the file of 12345 bytes: run 'git lfs"
            + " pull' in its folder to fetch it",
        e.getMessage());
  }

  /** The parser and what explains its refusals agree on what is JSON. */
  @Test
  void everyRefusalOfADamagedTextIsExplained() {
    var seed = 5L;
    var random = new SplittableRandom(seed);
    var valid =
        "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\",{\"b\":null}],\"c\":{\"d\":true,\"e\":[]},\"f\":\"g\"}";
    var alphabet = "{}[]:,\"\\eE0-+.tfnu \n\u0000'/#aé\ud800";
    for (var i = 0; i < 4_000; i++) {
      var text = new StringBuilder(valid);
      for (var changes = random.nextInt(1, 4); changes > 0; changes--) {
        var at = random.nextInt(text.length());
        var c = alphabet.charAt(random.nextInt(alphabet.length()));
        switch (random.nextInt(3)) {
          case 0 -> text.setCharAt(at, c);
          case 1 -> text.insert(at, c);
          default -> text.deleteCharAt(at);
        }
      }
      var json = text.toString();
      var parsed = true;
      try {
        var _ = StrictJson.parse(json, StrictJsonTest::count);
      } catch (IOException e) {
        parsed = false;
        var message = String.valueOf(e.getMessage());
        assertTrue(message.length() < 400, message);
        assertTrue(!message.contains("cannot be read from here"), json);
      }
      if (parsed) {
        var fault = JsonFault.find(json);
        var half = fault != null && fault.reason().contains("half a character");
        assertTrue(fault == null || half, () -> "seed " + seed + ": " + fault + json);
      }
    }
  }

  private static InvalidJsonException refusal(String json) {
    return assertThrows(
        InvalidJsonException.class, () -> StrictJson.parse(json, StrictJsonTest::count));
  }

  @Test
  void aFileOfSettingsThatIsFarTooLargeIsRefusedUnread(@TempDir Path folder) throws IOException {
    var file = folder.resolve("config.json");
    Files.writeString(file, "[1, 2]");
    assertEquals(4, StrictJson.read(file, StrictJsonTest::count));
    assertEquals("[1, 2]", StrictJson.text(file));
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), 10_000_000); // sparse
    }
    for (Executable read :
        List.<Executable>of(
            () -> StrictJson.read(file, StrictJsonTest::count), () -> StrictJson.text(file))) {
      var e = assertThrows(MalformedFileException.class, read);
      assertEquals("has 10,000,001 bytes, too many for such a file", e.reason());
    }
  }
}
