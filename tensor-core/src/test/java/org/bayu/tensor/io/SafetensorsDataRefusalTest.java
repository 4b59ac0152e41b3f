package org.bayu.tensor.io;

import static org.bayu.tensor.io.TestFiles.assertRefused;
import static org.bayu.tensor.io.TestFiles.header;
import static org.bayu.tensor.io.TestFiles.tensor;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Layouts of the data that are refused: tensors must cover them exactly. */
class SafetensorsDataRefusalTest {
  @TempDir private Path folder;

  private void refused(String reason, int dataBytes, String... tensors) throws IOException {
    assertRefused(reason, TestFiles.write(folder, TestFiles.bytes(header(tensors), dataBytes)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {"[];0", "[0];1", "[0,4,4];3"})
  void numberOfOffsetsOtherThanTwoIsRefused(String offsets, int count) throws IOException {
    refused(
        String.format(Locale.ROOT, "tensor \"w\" has %d data_offsets, not 2", count),
        4,
        tensor("w", "F32", "[]", offsets));
  }

  @Test
  void endBeforeBeginIsRefused() throws IOException {
    refused(
        "tensor \"w\" ends at byte 0, before it begins at 4", 4, tensor("w", "F32", "[]", "[4,0]"));
  }

  @Test
  void firstTensorNotAtZeroIsRefused() throws IOException {
    refused(
        "tensor \"w\" begins at byte 4 of the data, and nothing before it",
        8,
        tensor("w", "F32", "[]", "[4,8]"));
  }

  @Test
  void gapIsRefused() throws IOException {
    refused(
        "tensor \"b\" begins at byte 5 of the data, leaving a gap after \"a\", which ends at 4",
        9,
        tensor("b", "F32", "[]", "[5,9]"),
        tensor("a", "F32", "[]", "[0,4]"));
  }

  @Test
  void overlapIsRefused() throws IOException {
    refused(
        "tensor \"b\" begins at byte 3 of the data, overlapping \"a\", which ends at 4",
        7,
        tensor("b", "F32", "[]", "[3,7]"),
        tensor("a", "F32", "[]", "[0,4]"));
  }

  @Test
  void tensorWithinAnotherIsRefused() throws IOException {
    refused(
        "tensor \"b\" begins at byte 4 of the data, overlapping \"a\", which ends at 16",
        16,
        tensor("a", "F32", "[4]", "[0,16]"),
        tensor("b", "F32", "[]", "[4,8]"));
  }

  @Test
  void emptyTensorWithinAnotherIsRefused() throws IOException {
    refused(
        "tensor \"b\" begins at byte 4 of the data, overlapping \"a\", which ends at 8",
        8,
        tensor("a", "F32", "[2]", "[0,8]"),
        tensor("b", "F32", "[0]", "[4,4]"));
  }

  @Test
  void sameRangeTwiceIsRefused() throws IOException {
    refused(
        "tensor \"b\" begins at byte 0 of the data, overlapping \"a\", which ends at 4",
        4,
        tensor("a", "F32", "[]", "[0,4]"),
        tensor("b", "F32", "[]", "[0,4]"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "F32;[2];4;8",
        "F32;[];8;4",
        "BF16;[3];4;6",
        "U8;[5];4;5",
        "F64;[0];8;0",
        "F4;[6];4;3"
      })
  void sizeThatContradictsTheShapeIsRefused(String dtype, String shape, int bytes, int needed)
      throws IOException {
    refused(
        String.format(
            Locale.ROOT,
            "tensor \"w\" has %d bytes, but %s %s needs %d",
            bytes,
            dtype,
            shape,
            needed),
        bytes,
        tensor("w", dtype, shape, String.format(Locale.ROOT, "[0,%d]", bytes)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {"F4;[3]", "F6_E2M3;[2]", "F6_E3M2;[5]"})
  void bitsThatDoNotFillTheLastByteAreRefused(String dtype, String shape) throws IOException {
    refused(
        "tensor \"w\" does not fill its last byte: %s %s".formatted(dtype, shape),
        2,
        tensor("w", dtype, shape, "[0,2]"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[4294967296, 4294967296]",
        "[4294967296, 4294967296, 0]",
        "[4611686018427387904, 4]",
        "[4611686018427387904, 4, 0]"
      })
  void overflowIsRefusedAlsoWhereALaterDimensionIsZero(String shape) throws IOException {
    refused("tensor \"w\" has too many elements: " + shape, 0, tensor("w", "F32", shape, "[0,0]"));
  }

  @Test
  void overflowOfTheBytesIsRefused() throws IOException {
    refused(
        "tensor \"w\" has too many bytes: F64 [536870912, 536870912]",
        0,
        tensor("w", "F64", "[536870912, 536870912]", "[0,0]"));
  }

  @Test
  void dataThatEndBeforeTheFileAreRefused() throws IOException {
    refused(
        "the last tensor, \"w\", ends at byte 4 of the data, but the file has 5",
        5,
        tensor("w", "F32", "[]", "[0,4]"));
    refused("has no tensor, but 1 bytes of data", 1);
  }

  @Test
  void dataThatEndAfterTheFileAreRefused() throws IOException {
    refused(
        "the last tensor, \"w\", ends at byte 4 of the data, but the file has 3",
        3,
        tensor("w", "F32", "[]", "[0,4]"));
    refused(
        "the last tensor, \"w\", ends at byte 4000000000000 of the data, but the file has 3",
        3,
        tensor("w", "F32", "[1000000000000]", "[0,4000000000000]"));
  }
}
