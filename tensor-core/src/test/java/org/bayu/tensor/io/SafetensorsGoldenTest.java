package org.bayu.tensor.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file with every type that PyTorch writes, by the reference implementation. */
class SafetensorsGoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  @TempDir private Path folder;

  /** Name, type, shape and bytes of a tensor, as text. */
  private record Expected(String name, String dtype, String shape, String hex) {}

  @Test
  void bytesOfEveryTypeAreTheReferences() throws IOException {
    try (var file = SafetensorsFile.open(GOLDEN.resolve("dtypes.safetensors"))) {
      var found =
          file.entries().stream()
              .map(
                  entry ->
                      new Expected(
                          entry.name(),
                          entry.dtypeName(),
                          entry.shape().toString(),
                          HexFormat.of()
                              .formatHex(file.bytes(entry.name()).toArray(ValueLayout.JAVA_BYTE))))
              .collect(Collectors.toSet());
      assertEquals(Set.copyOf(expected()), found);
      assertEquals("Bayu's tests", file.metadata().get("made by"));
    }
  }

  @Test
  void writtenFileIsTheReferencesByteForByte() throws IOException {
    var golden = GOLDEN.resolve("dtypes.safetensors");
    var written = folder.resolve("written.safetensors");
    try (var file = SafetensorsFile.open(golden)) {
      var tensors =
          file.entries().stream()
              .<TensorSource>map(
                  entry ->
                      new TensorSource.Bytes(
                          entry.name(),
                          entry.dtypeName(),
                          entry.shape(),
                          () -> file.bytes(entry.name())))
              .sorted(Comparator.comparing(TensorSource::name))
              .toList();
      SafetensorsWriter.write(written, file.metadata(), tensors);
    }
    assertEquals(-1, Files.mismatch(golden, written));
  }

  private static List<Expected> expected() throws IOException {
    var all = new ArrayList<Expected>();
    try (var json = new JsonFactory().createParser(GOLDEN.resolve("dtypes.json").toFile())) {
      json.nextToken();
      while (json.nextToken() == JsonToken.START_OBJECT) {
        var name = "";
        var dtype = "";
        var hex = "";
        var shape = new ArrayList<Long>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
          var key = json.currentName();
          json.nextToken();
          switch (key) {
            case "name" -> name = json.getText();
            case "dtype" -> dtype = json.getText();
            case "hex" -> hex = json.getText();
            case "shape" -> {
              while (json.nextToken() != JsonToken.END_ARRAY) {
                shape.add(json.getLongValue());
              }
            }
            default -> json.skipChildren();
          }
        }
        all.add(new Expected(name, dtype, shape.toString(), hex));
      }
    }
    return all;
  }
}
