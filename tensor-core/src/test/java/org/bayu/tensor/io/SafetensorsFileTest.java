package org.bayu.tensor.io;

import static org.bayu.tensor.io.TestFiles.header;
import static org.bayu.tensor.io.TestFiles.tensor;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is accepted, and how tensors are reached. */
class SafetensorsFileTest {
  private static final String SCALAR = tensor("w", "F32", "[]", "[0,4]");

  @TempDir private Path folder;

  private SafetensorsFile open(String header, int dataBytes) throws IOException {
    return SafetensorsFile.open(TestFiles.write(folder, TestFiles.bytes(header, dataBytes)));
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "       ", "\n", " \t\r\n "})
  void trailingWhiteSpaceIsAccepted(String padding) throws IOException {
    try (var file = open(header(SCALAR) + padding, 4)) {
      assertEquals(Set.of("w"), file.names());
    }
  }

  @Test
  void emptyObjectIsAccepted() throws IOException {
    try (var file = open("{}", 0)) {
      assertTrue(file.names().isEmpty());
      assertTrue(file.metadata().isEmpty());
    }
  }

  @Test
  void scalarIsAccepted() throws IOException {
    try (var file = open(header(SCALAR), 4)) {
      assertEquals(Shape.of(), file.tensor("w").shape());
      assertEquals(0, file.tensor("w").getFloat(0));
    }
  }

  @Test
  void zeroDimensionsAreAccepted() throws IOException {
    try (var file =
        open(
            header(
                tensor("a", "F32", "[0]", "[0,0]"),
                SCALAR,
                tensor("b", "F32", "[3,0,5]", "[4,4]"),
                tensor("c", "F4", "[0]", "[0,0]")),
            4)) {
      assertEquals(Shape.of(3, 0, 5), file.tensor("b").shape());
      assertEquals(0, file.tensor("a").elements());
      assertEquals(4, file.names().size());
    }
  }

  @Test
  void unknownFieldsAreAccepted() throws IOException {
    try (var file =
        open(
            "{\"w\":{\"x\":{\"dtype\":[1.5e300,null]},\"dtype\":\"F32\",\"y\":[],\"shape\":[],"
                + "\"data_offsets\":[0,4],\"z\":-1}}",
            4)) {
      assertEquals(DType.F32, file.tensor("w").dtype());
    }
  }

  @Test
  void nestingOf1000IsAccepted() throws IOException {
    var depth = StrictJson.MAX_DEPTH - 2;
    try (var file =
        open(
            "{\"w\":{\"extra\":%s%s,\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}"
                .formatted("[".repeat(depth), "]".repeat(depth)),
            4)) {
      assertEquals(Set.of("w"), file.names());
    }
  }

  @Test
  void emptyNameIsAccepted() throws IOException {
    try (var file = open(header(tensor("", "F32", "[]", "[0,4]")), 4)) {
      assertEquals(Set.of(""), file.names());
      assertEquals(4, file.tensor("").byteSize());
    }
  }

  @Test
  void surrogatePairInANameIsAccepted() throws IOException {
    try (var file = open(header(tensor("\\ud83d\\ude00", "F32", "[]", "[0,4]")), 4)) {
      assertEquals(Set.of("😀"), file.names());
    }
  }

  @Test
  void nameOf50000CharactersIsAccepted() throws IOException {
    var name = "n".repeat(50_000);
    try (var file = open(header(tensor(name, "F32", "[]", "[0,4]")), 4)) {
      assertEquals(Set.of(name), file.names());
    }
  }

  @Test
  void metadataMayBeNull() throws IOException {
    try (var file = open(header("\"__metadata__\":null", SCALAR), 4)) {
      assertEquals(Map.of(), file.metadata());
    }
  }

  @Test
  void metadataAreKept() throws IOException {
    try (var file = open(header(SCALAR, "\"__metadata__\":{\"format\":\"pt\",\"\":\"é\"}"), 4)) {
      assertEquals(Map.of("format", "pt", "", "é"), file.metadata());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void unalignedTensorsAreReadInPlace(int padding) throws IOException {
    var json =
        (header(tensor("a", "U8", "[1]", "[0,1]"), tensor("b", "F32", "[2]", "[1,9]"))
                + " ".repeat(padding))
            .getBytes(StandardCharsets.UTF_8);
    var bytes = TestFiles.bytes(json.length, json, 9);
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putFloat(bytes.length - 8, 1.5f)
        .putFloat(bytes.length - 4, -3f);
    try (var file = SafetensorsFile.open(TestFiles.write(folder, bytes))) {
      assertArrayEquals(new float[] {1.5f, -3f}, file.tensor("b").toFloats());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "I16", "U16", "U32", "C64", "F64",
        "I64", "U64", "F4", "F6_E2M3", "F6_E3M2"
      })
  void otherTypesAreCarriedAsBytes(String dtype) throws IOException {
    var bits = SafetensorsType.valueOf(dtype).bits;
    try (var file =
        open(
            header(tensor("w", dtype, "[4]", String.format(Locale.ROOT, "[0,%d]", bits / 2))),
            bits / 2)) {
      assertEquals(dtype, file.entry("w").dtypeName());
      assertEquals(bits / 2, file.bytes("w").byteSize());
      var e = assertThrows(MalformedFileException.class, () -> file.tensor("w"));
      assertEquals(
          "tensor \"w\" has the dtype %s, with which Bayu does not compute".formatted(dtype),
          e.reason());
    }
  }

  @Test
  void doublesAreRoundedToFloats() throws IOException {
    var values = new double[] {Math.PI, -1e300, Double.MIN_VALUE, Double.NaN};
    var bytes = TestFiles.bytes(header(tensor("w", "F64", "[2,2]", "[0,32]")), 32);
    var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(bytes.length - 32);
    for (var value : values) {
      buffer.putDouble(value);
    }
    try (var file = SafetensorsFile.open(TestFiles.write(folder, bytes));
        var arena = Arena.ofConfined()) {
      var tensor = file.tensor("w", arena);
      assertEquals(DType.F32, tensor.dtype());
      assertEquals(Shape.of(2, 2), tensor.shape());
      assertArrayEquals(
          new float[] {(float) Math.PI, Float.NEGATIVE_INFINITY, 0, Float.NaN}, tensor.toFloats());
    }
  }

  @Test
  void namesAreInTheOrderOfTheBytes() throws IOException {
    try (var file =
        open(
            header(
                tensor("a", "F32", "[]", "[4,8]"),
                tensor("b", "F32", "[]", "[0,4]"),
                tensor("c", "F32", "[0]", "[0,0]")),
            8)) {
      assertEquals(List.of("c", "b", "a"), List.copyOf(file.names()));
      assertEquals(
          new SafetensorsFile.Entry("a", "F32", Shape.of(), 4, 8),
          List.copyOf(file.entries()).get(2));
    }
  }

  @Test
  void unknownNameIsAnError() throws IOException {
    try (var file = open(header(SCALAR), 4)) {
      assertThrows(NoSuchElementException.class, () -> file.tensor("v"));
      assertThrows(NoSuchElementException.class, () -> file.bytes("v"));
      assertThrows(NoSuchElementException.class, () -> file.entry("v"));
    }
  }

  @Test
  void tensorsAreReadOnly() throws IOException {
    try (var file = open(header(SCALAR), 4)) {
      var tensor = file.tensor("w");
      assertThrows(IllegalArgumentException.class, () -> tensor.setFloat(0, 1));
    }
  }

  @Test
  void tensorsDieWithTheFile() throws IOException {
    var file = open(header(SCALAR), 4);
    var tensor = file.tensor("w");
    file.close();
    assertThrows(IllegalStateException.class, () -> tensor.getFloat(0));
  }

  @Test
  void tensorsAreReachedFromOtherThreads() throws Exception {
    try (var file = open(header(SCALAR), 4)) {
      var tensor = file.tensor("w");
      assertEquals(0, CompletableFuture.supplyAsync(() -> tensor.getFloat(0)).get());
    }
  }

  @Test
  void tensorsOutliveAFileThatIsReplaced() throws IOException {
    try (var file = open(header(SCALAR), 4)) {
      var other = Files.write(folder.resolve("other"), TestFiles.bytes("{}", 0));
      Files.move(other, file.path(), StandardCopyOption.REPLACE_EXISTING);
      assertEquals(0, file.tensor("w").getFloat(0));
      file.checkSize();
    }
  }

  @Test
  void fileThatShrinksIsNoticed() throws IOException {
    try (var file = open(header(SCALAR), 4)) {
      file.checkSize();
      var size = Files.size(file.path());
      try (var channel = FileChannel.open(file.path(), StandardOpenOption.WRITE)) {
        channel.truncate(20);
      }
      var e = assertThrows(MalformedFileException.class, file::checkSize);
      assertEquals(
          String.format(Locale.ROOT, "was cut from %d to 20 bytes while it was in use", size),
          e.reason());
    }
  }

  @Test
  void fileInAZipFileIsReadThrough() throws IOException {
    var bytes =
        TestFiles.bytes(
            header(
                tensor("a", "F32", "[3000000]", "[0,12000000]"),
                tensor("b", "U8", "[3]", "[12000000,12000003]")),
            12_000_003);
    bytes[bytes.length - 1] = 7;
    var zip = folder.resolve("model.zip");
    try (var fileSystem = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Files.write(fileSystem.getPath("/model.safetensors"), bytes);
    }
    try (var fileSystem = FileSystems.newFileSystem(zip);
        var file = SafetensorsFile.open(fileSystem.getPath("/model.safetensors"))) {
      assertEquals(3_000_000, file.tensor("a").elements());
      assertEquals(7, file.bytes("b").get(ValueLayout.JAVA_BYTE, 2));
      assertThrows(IllegalArgumentException.class, () -> file.tensor("a").setFloat(0, 1));
      file.checkSize();
    }
  }

  @Test
  void malformedFileInAZipFileIsRefused() throws IOException {
    var zip = folder.resolve("model.zip");
    try (var fileSystem = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Files.write(fileSystem.getPath("/m.safetensors"), TestFiles.bytes("{}", 1));
    }
    try (var fileSystem = FileSystems.newFileSystem(zip)) {
      TestFiles.assertRefused(
          "has no tensor, but 1 bytes of data", fileSystem.getPath("/m.safetensors"));
    }
  }

  @Test
  void filesAndTensorsOver2GibibytesAreMapped() throws IOException {
    var elements = 700_000_000L;
    assumeTrue(
        Files.getFileStore(folder).getUsableSpace() > elements * 4 + (1L << 30),
        "less than 4 GB free, should the file system not keep sparse files sparse");
    var json =
        header(
            tensor(
                "big", "F32", "[70000,10000]", String.format(Locale.ROOT, "[0,%d]", elements * 4)),
            tensor(
                "last",
                "BF16",
                "[2]",
                String.format(Locale.ROOT, "[%d,%d]", elements * 4, elements * 4 + 4)));
    var path = TestFiles.write(folder, TestFiles.bytes(json, 0));
    try (var channel =
        FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
      var tail = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      tail.putFloat(2.5f).putShort((short) 0x3f80).putShort((short) 0xc000).flip();
      channel.write(tail, Files.size(path) + elements * 4 - 4);
    }
    try (var file = SafetensorsFile.open(path)) {
      var big = file.tensor("big");
      assertEquals(elements, big.elements());
      assertEquals(2.5f, big.getFloat(elements - 1));
      assertEquals(2.5f, big.slice(69_999, 70_000).getFloat(9_999));
      assertEquals(0, big.getFloat(0));
      assertArrayEquals(new float[] {1, -2}, file.tensor("last").toFloats());
    }
  }
}
