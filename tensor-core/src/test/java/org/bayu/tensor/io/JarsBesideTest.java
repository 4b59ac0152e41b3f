package org.bayu.tensor.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JarsBesideTest {
  @TempDir private Path folder;

  @Test
  void jarsInTheSameFolderAreFoundAndOthersLeftOut() throws IOException {
    var jar = Files.createDirectory(folder.resolve("with space")).resolve("own.jar");
    var own = JarsBesideTest.class.getClassLoader();
    assertSame(own, JarsBeside.loader(own, jar, "missing.jar", "there.jar"));
    try (var zip = new ZipOutputStream(Files.newOutputStream(jar.resolveSibling("there.jar")))) {
      zip.putNextEntry(new ZipEntry("only/there.txt"));
      zip.write("yes".getBytes(UTF_8));
    }
    var loader = JarsBeside.loader(own, jar, "missing.jar", "there.jar");
    assertNull(own.getResource("only/there.txt"));
    try (var _ = (Closeable) loader;
        var text = requireNonNull(loader.getResourceAsStream("only/there.txt"))) {
      assertEquals("yes", new String(text.readAllBytes(), UTF_8));
      assertSame(own, loader.getParent());
    }
  }
}
