package org.bayu.parquet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.bayu.train.TrainException;
import org.bayu.train.data.RowFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of pyarrow, read as rows. */
final class ParquetRowsTest {
  @TempDir private Path folder;

  private static Path golden(String name) {
    try {
      var file = ParquetRowsTest.class.getResource("/golden/" + name);
      return Path.of(Objects.requireNonNull(file).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static List<JsonNode> rows(Path file) throws IOException {
    var rows = new ArrayList<JsonNode>();
    RowFile.read(file, RowFile.Text.JSON_LINES, rows::add);
    return rows;
  }

  /** Numbers as texts, so that 1 and 1.0 differ and NaN would show. */
  private static List<String> texts(List<JsonNode> rows) {
    return rows.stream().map(JsonNode::toString).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "snappy", "gzip", "zstd", "pages2"})
  void allRowsAreWhatPyarrowReads(String name) throws IOException {
    var expected = rows(golden("rows.jsonl"));
    for (var row : expected) {
      // Python prints a 32-bit number with 64 bits.
      var numbers = (ObjectNode) row;
      numbers.put("small", (float) row.get("small").doubleValue());
    }
    assertEquals(texts(expected), texts(rows(golden(name + ".parquet"))));
  }

  @Test
  void integersOfEveryWidthAreWhatPyarrowReadsWhereverTheyStand() throws IOException {
    assertEquals(texts(rows(golden("integers.jsonl"))), texts(rows(golden("integers.parquet"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lz4", "brotli"})
  void otherPackingsAreNamed(String codec) {
    var e = assertThrows(TrainException.class, () -> rows(golden(codec + ".parquet")));
    assertTrue(
        String.valueOf(e.getMessage())
            .matches("(?i).*: packed with " + codec + ", which is not read\\. .*"),
        e.getMessage());
  }

  @Test
  void aFileWithoutRowsIsRefused() {
    var e = assertThrows(TrainException.class, () -> rows(golden("empty.parquet")));
    assertEquals(golden("empty.parquet") + ": there are no rows in it.", e.getMessage());
  }

  @Test
  void bytesThatAreNoTextAreABadRow() {
    var e = assertThrows(TrainException.class, () -> rows(golden("bytes.parquet")));
    assertEquals(
        golden("bytes.parquet")
            + ", row 1: the field 'raw' has bytes that are no text in UTF-8. Write the data without"
            + " that column.",
        e.getMessage());
  }

  /** Cut off or changed anywhere, it is read, or refused in Bayu's words. */
  @Test
  void damagedFilesAreASentence() throws IOException {
    var whole = Files.readAllBytes(golden("none.parquet"));
    var file = folder.resolve("rows.parquet");
    var refused = 0;
    for (var at = 4; at < whole.length; at += 37) {
      var damaged = whole.clone();
      damaged[at] ^= 0x55;
      refused += refused(file, damaged);
      refused += refused(file, Arrays.copyOf(whole, at));
    }
    assertTrue(refused > whole.length / 37, "refused: " + refused);
  }

  private static int refused(Path file, byte[] content) throws IOException {
    Files.write(file, content);
    try {
      rows(file);
      return 0;
    } catch (TrainException e) {
      var message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith(file.toString()), message);
      assertFalse(message.contains("Exception"), message);
      return 1;
    }
  }
}
