package org.bayu.tensor.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir private Path folder;

  @Test
  void aFileWithinTheLimitIsReadAndALargerOneNamedWithItsSize() throws IOException {
    var file = Files.write(folder.resolve("f"), new byte[] {1, 2, 3});
    assertArrayEquals(new byte[] {1, 2, 3}, WholeFile.read(file, 3));
    var e = assertThrows(MalformedFileException.class, () -> WholeFile.read(file, 2));
    assertEquals("has 3 bytes, too many for such a file", e.reason());
  }

  @Test
  void aFolderIsNamedAndAMissingFileToo() {
    var e = assertThrows(MalformedFileException.class, () -> WholeFile.read(folder, 9));
    assertEquals(folder, e.file());
    assertEquals("is a folder, where a file is expected", e.reason());
    assertThrows(NoSuchFileException.class, () -> WholeFile.read(folder.resolve("none"), 9));
  }
}
