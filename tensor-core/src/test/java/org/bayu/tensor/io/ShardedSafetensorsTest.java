package org.bayu.tensor.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardedSafetensorsTest {
  private static final String ONE = "model-00001-of-00002.safetensors";
  private static final String TWO = "model-00002-of-00002.safetensors";

  private final Arena arena = Arena.ofAuto();

  @TempDir private Path folder;

  private TensorSource scalar(String name, float value) {
    return TensorSource.of(name, Tensor.ofFloats(arena, Shape.of(1), value));
  }

  private void shard(String file, String... names) throws IOException {
    var tensors = new ArrayList<TensorSource>();
    for (var name : names) {
      tensors.add(scalar(name, name.charAt(0)));
    }
    SafetensorsWriter.write(folder.resolve(file), tensors);
  }

  private Path index(String json) throws IOException {
    return Files.writeString(folder.resolve("model.safetensors.index.json"), json);
  }

  private Path indexOf(String... tensorsAndFiles) throws IOException {
    var entries = new ArrayList<String>();
    for (var i = 0; i < tensorsAndFiles.length; i += 2) {
      entries.add("\"%s\":\"%s\"".formatted(tensorsAndFiles[i], tensorsAndFiles[i + 1]));
    }
    return index("{\"metadata\":{},\"weight_map\":{%s}}".formatted(String.join(",", entries)));
  }

  @Test
  void anIndexHas100MegabytesAtMost() throws IOException {
    var index = index("{}");
    try (var file = new RandomAccessFile(index.toFile(), "rw")) {
      file.setLength(100_000_001); // takes no space on most disks
    }
    refused(index, "has 100,000,001 bytes, too many for such a file");
  }

  private void refused(Path file, String reason) {
    var e =
        assertThrows(MalformedFileException.class, () -> ShardedSafetensors.open(folder).close());
    assertEquals(file + ": " + reason, e.getMessage());
  }

  @Test
  void tensorsOfAllShardsAreReached() throws IOException {
    shard(ONE, "a", "b");
    shard(TWO, "c");
    indexOf("c", TWO, "a", ONE, "b", ONE);
    try (var model = ShardedSafetensors.open(folder)) {
      assertEquals(Set.of("a", "b", "c"), model.names());
      for (var name : model.names()) {
        assertEquals(name.charAt(0), model.tensor(name).getFloat(0));
      }
      assertEquals(folder.resolve(TWO), model.file("c").path());
      model.checkSize();
      assertThrows(NoSuchElementException.class, () -> model.tensor("d"));
    }
  }

  @Test
  void singleFileComesBeforeAnIndex() throws IOException {
    shard("model.safetensors", "a");
    shard(ONE, "a", "b");
    indexOf("a", ONE, "b", ONE);
    try (var model = ShardedSafetensors.open(folder)) {
      assertEquals(Set.of("a"), model.names());
    }
  }

  @Test
  void tensorThatTheIndexDoesNotNameIsThere() throws IOException {
    shard(ONE, "a", "b");
    indexOf("a", ONE);
    try (var model = ShardedSafetensors.open(folder)) {
      assertEquals(Set.of("a", "b"), model.names());
    }
  }

  @Test
  void shardsMayBeInASubfolder() throws IOException {
    Files.createDirectory(folder.resolve("sub"));
    shard("sub/one.safetensors", "a", "b");
    indexOf("a", "sub/one.safetensors", "b", "./sub/one.safetensors");
    try (var model = ShardedSafetensors.open(folder)) {
      assertEquals(Set.of("a", "b"), model.names());
    }
  }

  @Test
  void folderWithoutAModelIsRefused() {
    refused(folder, "holds neither model.safetensors nor model.safetensors.index.json");
  }

  @Test
  void missingFolderIsNamed() {
    var none = folder.resolve("none");
    assertThrows(NotDirectoryException.class, () -> ShardedSafetensors.open(none));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../x.safetensors", "sub/../../x.safetensors", "..", "sub/../x.safetensors"})
  void pathWithDotsIsRefused(String file) throws IOException {
    shard("x.safetensors", "a");
    refused(
        indexOf("a", file),
        "tensor \"a\" is said to be in \"%s\", which leads out of the folder".formatted(file));
  }

  @Test
  void absolutePathIsRefused() throws IOException {
    shard(ONE, "a");
    var file = folder.resolve(ONE).toString();
    refused(
        indexOf("a", file),
        "tensor \"a\" is said to be in \"%s\", an absolute path".formatted(file));
  }

  @Test
  void textThatIsNoPathIsRefused() throws IOException {
    refused(
        indexOf("a", "a\\u0000b"),
        "tensor \"a\" is said to be in \"a\\u0000b\", which is no file name");
  }

  @Test
  void aFolderOfLinksToShardsIsRead(@TempDir Path other) throws IOException {
    shard(ONE, "a");
    shard(TWO, "b");
    for (var name : new String[] {ONE, TWO}) {
      Files.move(folder.resolve(name), other.resolve(name));
      Files.createSymbolicLink(folder.resolve(name), other.resolve(name));
    }
    indexOf("a", ONE, "b", TWO);
    try (var model = ShardedSafetensors.open(folder)) {
      assertEquals(Set.of("a", "b"), model.names());
    }
  }

  @Test
  void linkedFolderOutOfTheFolderIsRefused(@TempDir Path other) throws IOException {
    shard(ONE, "a");
    Files.move(folder.resolve(ONE), other.resolve(ONE));
    Files.createSymbolicLink(folder.resolve("sub"), other);
    refused(
        indexOf("a", "sub/" + ONE),
        "tensor \"a\" is said to be in \"sub/%s\", behind a link that leads out of the folder"
            .formatted(ONE));
  }

  @Test
  void linkWithinTheFolderIsFollowed() throws IOException {
    shard(ONE, "a");
    Files.createSymbolicLink(folder.resolve("link.safetensors"), Path.of(ONE));
    indexOf("a", "link.safetensors");
    try (var model = ShardedSafetensors.open(folder)) {
      assertEquals(Set.of("a"), model.names());
    }
  }

  @Test
  void linksOfTheHubsCacheAreFollowed(@TempDir Path cache) throws IOException {
    var blobs = Files.createDirectories(cache.resolve("blobs"));
    shard(ONE, "a");
    Files.move(folder.resolve(ONE), blobs.resolve("5678"));
    var index = indexOf("a", ONE);
    for (var name : new String[] {"snapshots/1234", "snapshots/1234/sub/folder"}) {
      var snapshot = Files.createDirectories(cache.resolve(name));
      Files.createSymbolicLink(snapshot.resolve(ONE), snapshot.relativize(blobs.resolve("5678")));
      Files.copy(index, snapshot.resolve("model.safetensors.index.json"));
      try (var model = ShardedSafetensors.open(snapshot)) {
        assertEquals('a', model.tensor("a").getFloat(0));
      }
    }
  }

  @Test
  void missingShardsAreListed() throws IOException {
    shard(ONE, "a");
    refused(
        indexOf("a", ONE, "c", "y.safetensors", "b", "x.safetensors"),
        "names missing files: x.safetensors, y.safetensors");
  }

  @Test
  void missingTensorIsRefused() throws IOException {
    shard(ONE, "a");
    shard(TWO, "c");
    indexOf("a", ONE, "b", ONE, "c", TWO);
    refused(
        folder.resolve(ONE),
        "tensor \"b\" is missing, which model.safetensors.index.json says is here");
  }

  @Test
  void tensorInAnotherShardIsRefused() throws IOException {
    shard(ONE, "a");
    shard(TWO, "b", "c");
    indexOf("a", ONE, "b", ONE, "c", TWO);
    refused(
        folder.resolve(TWO),
        "tensor \"b\" is here, but model.safetensors.index.json says it is in " + ONE);
  }

  @Test
  void tensorInTwoShardsIsRefused() throws IOException {
    shard(ONE, "a", "b");
    shard(TWO, "b", "c");
    indexOf("a", ONE, "b", ONE, "c", TWO);
    refused(folder.resolve(TWO), "tensor \"b\" is also in " + ONE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[]|is not a JSON object",
        "{}|has no weight_map",
        "{\"weight_map\":[]}|weight_map is not an object",
        "{\"weight_map\":{},\"weight_map\":{}}|is not valid JSON at line 1, column 18: the key"
            + " \"weight_map\" is given twice",
        "{\"weight_map\":{\"a\":\"x\",\"a\":\"x\"}}|is not valid JSON at line 1, column 24: the key"
            + " \"a\" is given twice",
        "{\"weight_map\":{\"a\":1}}|the file of tensor \"a\" is not a string",
        "{\"weight_map\":{}} {}|is not valid JSON at line 1, column 19: a second value begins,"
            + " where the text should end"
      })
  void malformedIndexIsRefused(String json, String reason) throws IOException {
    refused(index(json), reason);
  }

  @Test
  void emptyIndexIsRefused() throws IOException {
    refused(index(""), "is not valid JSON at line 1, column 1: it is empty");
  }

  @Test
  void malformedShardIsRefused() throws IOException {
    Files.write(folder.resolve(ONE), new byte[3]);
    indexOf("a", ONE);
    refused(folder.resolve(ONE), "has 3 bytes, too few for the length of a header");
  }

  @Test
  void tensorsThatFitAreWrittenToOneFile() throws IOException {
    ShardedSafetensors.write(folder, List.of(scalar("b", 1), scalar("a", 2)));
    try (var files = Files.list(folder)) {
      assertEquals(List.of(folder.resolve("model.safetensors")), files.toList());
    }
  }

  @Test
  void shardsAreFilledInTheOrderOfTheNames() throws IOException {
    var large = TensorSource.of("b", Tensor.ofFloats(arena, Shape.of(3), 1, 2, 3));
    ShardedSafetensors.write(
        folder, List.of(scalar("e", 5), large, scalar("a", 1), scalar("d", 4), scalar("c", 3)), 8);
    assertEquals(
        """
        {
          "metadata": {
            "total_size": 28
          },
          "weight_map": {
            "a": "model-00001-of-00004.safetensors",
            "b": "model-00002-of-00004.safetensors",
            "c": "model-00003-of-00004.safetensors",
            "d": "model-00003-of-00004.safetensors",
            "e": "model-00004-of-00004.safetensors"
          }
        }
        """,
        Files.readString(folder.resolve("model.safetensors.index.json")));
    try (var model = ShardedSafetensors.open(folder)) {
      assertEquals(List.of("a", "b", "c", "d", "e"), List.copyOf(model.names()));
      assertArrayEquals(new float[] {1, 2, 3}, model.tensor("b").toFloats());
      assertEquals("pt", model.file("a").metadata().get("format"));
    }
  }

  @Test
  void modelIsNotWrittenOverAnother() throws IOException {
    shard("model.safetensors", "a");
    assertThrows(
        FileAlreadyExistsException.class,
        () -> ShardedSafetensors.write(folder, List.of(scalar("b", 1))));
  }

  @Test
  void shardsInAZipFileAreReadThrough() throws IOException {
    var zip = folder.resolve("model.zip");
    try (var fileSystem = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      ShardedSafetensors.write(fileSystem.getPath("/"), List.of(scalar("a", 1), scalar("b", 2)), 4);
    }
    try (var fileSystem = FileSystems.newFileSystem(zip);
        var model = ShardedSafetensors.open(fileSystem.getPath("/"))) {
      assertEquals(2, model.tensor("b").getFloat(0));
      assertTrue(model.file("b").path().endsWith(TWO));
    }
  }
}
