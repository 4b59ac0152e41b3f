package org.bayu.tensor.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsWriterTest {
  private final Arena arena = Arena.ofAuto();

  @TempDir private Path folder;

  private Tensor floats(float... values) {
    return Tensor.ofFloats(arena, Shape.of(values.length), values);
  }

  private Path target() {
    return folder.resolve("model.safetensors");
  }

  private List<String> filesInFolder() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void tensorsAreOrderedBySizeOfTheirTypeThenByUtf8Name() throws IOException {
    var bf16 = Tensor.allocate(arena, DType.BF16, Shape.of(1));
    SafetensorsWriter.write(
        target(),
        List.of(
            TensorSource.of("z", bf16),
            TensorSource.of("a", bf16),
            // In UTF-16 the surrogates of the second come before U+FFFF, in UTF-8 after.
            TensorSource.of("\uffff", floats(1)),
            TensorSource.of("😀", floats(2)),
            TensorSource.of("b", floats(3)),
            new TensorSource.Bytes(
                "u", "U8", Shape.of(3), () -> MemorySegment.ofArray(new byte[3])),
            new TensorSource.Bytes(
                "l", "I64", Shape.of(), () -> MemorySegment.ofArray(new byte[8]))));
    try (var file = SafetensorsFile.open(target())) {
      assertEquals(List.of("l", "b", "\uffff", "😀", "a", "z", "u"), List.copyOf(file.names()));
      assertEquals(2, file.tensor("😀").getFloat(0));
    }
  }

  @Test
  void headerIsPaddedWithSpacesToEightBytes() throws IOException {
    for (var length = 1; length <= 8; length++) {
      SafetensorsWriter.write(target(), List.of(TensorSource.of("n".repeat(length), floats(1, 2))));
      var bytes = Files.readAllBytes(target());
      var header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
      assertEquals(0, header % 8);
      var json = new String(bytes, 8, header, StandardCharsets.UTF_8);
      assertEquals(
          "{\"__metadata__\":{\"format\":\"pt\"},\"%s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
              .formatted("n".repeat(length)),
          json.stripTrailing());
      assertTrue(json.length() - json.stripTrailing().length() < 8);
    }
  }

  @Test
  void fileWithoutTensorsIsWhole() throws IOException {
    SafetensorsWriter.write(target(), Map.of(), List.of());
    try (var file = SafetensorsFile.open(target())) {
      assertTrue(file.names().isEmpty());
      assertTrue(file.metadata().isEmpty());
    }
  }

  /** More elements than one chunk of the conversion, and no multiple of it. */
  private Tensor random(DType dtype) {
    var random = new Random(5);
    var tensor = Tensor.allocate(arena, dtype, Shape.of(7, 20_011));
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "F16"})
  void elementsAreRoundedToTheTypeAskedFor(DType from) throws IOException {
    var tensor = random(from);
    for (var to : List.of(DType.F32, DType.BF16, DType.F16)) {
      SafetensorsWriter.write(
          target(), List.of(new TensorSource.Elements("w", to, tensor.shape(), () -> tensor)));
      try (var file = SafetensorsFile.open(target())) {
        var expected = Tensor.allocate(arena, to, tensor.shape());
        expected.copyFrom(tensor);
        assertEquals(to, file.tensor("w").dtype());
        assertEquals(-1, expected.data().mismatch(file.tensor("w").data()));
      }
    }
  }

  @Test
  void specialValuesSurviveRounding() throws IOException {
    var values =
        new float[] {
          Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f, Float.MIN_VALUE, 65504
        };
    for (var dtype : List.of(DType.BF16, DType.F16)) {
      SafetensorsWriter.write(
          target(),
          List.of(new TensorSource.Elements("w", dtype, Shape.of(6), () -> floats(values))));
      try (var file = SafetensorsFile.open(target())) {
        var expected =
            new float[] {
              Float.NaN,
              Float.POSITIVE_INFINITY,
              Float.NEGATIVE_INFINITY,
              -0f,
              0,
              dtype == DType.F16 ? 65504 : BFloat16.round(65504)
            };
        assertArrayEquals(expected, file.tensor("w").toFloats());
      }
    }
  }

  @Test
  void valueTooLargeForTheTypeIsRefusedByNameAndValue() {
    var e =
        assertThrows(
            IOException.class,
            () ->
                SafetensorsWriter.write(
                    target(),
                    List.of(
                        new TensorSource.Elements(
                            "w", DType.F16, Shape.of(2), () -> floats(1, -65520)))));
    assertEquals(
        target() + ": tensor \"w\" holds -65520.0, too large for F16; choose BF16 or F32",
        e.getMessage());
  }

  @Test
  void integersAreNotRounded() {
    var ints = Tensor.ofInts(arena, 1, 2);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            SafetensorsWriter.write(
                target(),
                List.of(new TensorSource.Elements("w", DType.F32, Shape.of(2), () -> ints))));
  }

  @Test
  void suppliersMayReuseOneBuffer() throws IOException {
    var buffer = floats(0, 0);
    var asked = new ArrayList<String>();
    var tensors = new ArrayList<TensorSource>();
    for (var name : List.of("c", "a", "b")) {
      tensors.add(
          new TensorSource.Elements(
              name,
              DType.F32,
              Shape.of(2),
              () -> {
                asked.add(name);
                buffer.setFloat(0, name.charAt(0));
                return buffer;
              }));
    }
    SafetensorsWriter.write(target(), tensors);
    assertEquals(List.of("a", "b", "c"), asked);
    try (var file = SafetensorsFile.open(target())) {
      for (var name : asked) {
        assertEquals(name.charAt(0), file.tensor(name).getFloat(0));
      }
    }
  }

  @Test
  void failedWriteLeavesTheOldFileAndNothingElse() throws IOException {
    SafetensorsWriter.write(target(), List.of(TensorSource.of("old", floats(1))));
    var before = Files.readAllBytes(target());
    assertThrows(
        UncheckedIOException.class,
        () ->
            SafetensorsWriter.write(
                target(),
                List.of(
                    TensorSource.of("a", floats(1)),
                    new TensorSource.Elements(
                        "b",
                        DType.F32,
                        Shape.of(1),
                        () -> {
                          throw new UncheckedIOException(new IOException("gone"));
                        }))));
    assertArrayEquals(before, Files.readAllBytes(target()));
    assertEquals(List.of("model.safetensors"), filesInFolder());
  }

  @Test
  void replacedFileStaysReadableWhereItIsOpen() throws IOException {
    SafetensorsWriter.write(target(), List.of(TensorSource.of("w", floats(1))));
    try (var old = SafetensorsFile.open(target())) {
      SafetensorsWriter.write(target(), List.of(TensorSource.of("w", floats(2))));
      assertEquals(1, old.tensor("w").getFloat(0));
      try (var replaced = SafetensorsFile.open(target())) {
        assertEquals(2, replaced.tensor("w").getFloat(0));
      }
    }
    assertEquals(List.of("model.safetensors"), filesInFolder());
  }

  @Test
  void fileCanBeRewrittenFromItself() throws IOException {
    SafetensorsWriter.write(target(), List.of(TensorSource.of("w", floats(1, 2))));
    try (var old = SafetensorsFile.open(target())) {
      SafetensorsWriter.write(
          target(),
          List.of(
              new TensorSource.Elements("w", DType.BF16, Shape.of(2), () -> floats(1, 2)),
              TensorSource.of("v", old.tensor("w"))));
    }
    try (var file = SafetensorsFile.open(target())) {
      assertArrayEquals(new float[] {1, 2}, file.tensor("v").toFloats());
      assertArrayEquals(new float[] {1, 2}, file.tensor("w").toFloats());
    }
  }

  @Test
  void suppliedTensorMustFitWhatWasAnnounced() throws IOException {
    assertThrows(
        ShapeException.class,
        () ->
            SafetensorsWriter.write(
                target(),
                List.of(
                    new TensorSource.Elements("w", DType.F32, Shape.of(3), () -> floats(1, 2)))));
    assertThrows(
        ShapeException.class,
        () ->
            SafetensorsWriter.write(
                target(),
                List.of(
                    new TensorSource.Bytes(
                        "w", "I64", Shape.of(1), () -> MemorySegment.ofArray(new byte[7])))));
    assertEquals(List.of(), filesInFolder());
  }

  @Test
  void badNamesAndTypesAreRefusedBeforeAnythingIsWritten() throws IOException {
    var bad =
        List.of(
            List.of(TensorSource.of("w", floats(1)), TensorSource.of("w", floats(1))),
            List.of(TensorSource.of("__metadata__", floats(1))),
            List.of(TensorSource.of("\ud800", floats(1))),
            List.<TensorSource>of(
                new TensorSource.Bytes(
                    "w", "f32", Shape.of(), () -> MemorySegment.ofArray(new byte[4]))),
            List.<TensorSource>of(
                new TensorSource.Bytes(
                    "w", "F4", Shape.of(1), () -> MemorySegment.ofArray(new byte[1]))));
    for (var tensors : bad) {
      assertThrows(
          IllegalArgumentException.class, () -> SafetensorsWriter.write(target(), tensors));
    }
    assertEquals(List.of(), filesInFolder());
  }

  @Test
  void missingFolderIsNamed() {
    var path = folder.resolve("none/model.safetensors");
    var e =
        assertThrows(
            NoSuchFileException.class,
            () -> SafetensorsWriter.write(path, List.of(TensorSource.of("w", floats(1)))));
    assertEquals(path + ": its folder does not exist", e.getMessage());
  }

  @Test
  void fileInAZipFileIsWritten() throws IOException {
    var zip = folder.resolve("model.zip");
    try (var fileSystem = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      for (var value : new float[] {1, 2}) {
        SafetensorsWriter.write(
            fileSystem.getPath("m.safetensors"), List.of(TensorSource.of("w", floats(value))));
      }
    }
    try (var fileSystem = FileSystems.newFileSystem(zip);
        var file = SafetensorsFile.open(fileSystem.getPath("m.safetensors"))) {
      assertEquals(2, file.tensor("w").getFloat(0));
    }
  }
}
