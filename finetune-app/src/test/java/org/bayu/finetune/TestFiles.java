package org.bayu.finetune;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.bayu.remote.files.DownloadWatcher;
import org.bayu.remote.files.LocalFiles;

/** Finds files that tests read. */
public final class TestFiles {
  /** Of a user without any variables. */
  public static final LocalFiles HERE =
      new LocalFiles(Map.of(), Path.of("/nowhere"), _ -> {}, DownloadWatcher.NONE);

  private TestFiles() {}

  /**
   * A file or folder of {@code ../shared/data}, which lies beside the project and is no part of it;
   * the calling test is skipped if it is missing.
   */
  public static Path shared(String name) {
    var path = root().resolveSibling("shared/data").resolve(name);
    assumeTrue(Files.exists(path), path + " is missing");
    return path;
  }

  /** A file or folder of llama-model's golden test files. */
  public static Path golden(String name) {
    return project("llama-model/src/test/resources/golden/" + name);
  }

  /** A small valid file that the fuzz targets begin with. */
  public static Path seed(String name) {
    return project("finetune-app/src/test/resources/seeds/" + name);
  }

  /** A file or folder of the project. */
  public static Path project(String name) {
    return root().resolve(name);
  }

  /** The class path of a Java that a test starts; Maven gives this one half of it as modules. */
  public static String classPath() {
    return String.join(
        File.pathSeparator,
        Path.of("target", "test-classes").toAbsolutePath().toString(),
        System.getProperty("jdk.module.path", ""),
        System.getProperty("java.class.path"));
  }

  private static Path root() {
    var root = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(root.resolve("tensor-core"))) {
      root = Objects.requireNonNull(root.getParent(), "not inside the project");
    }
    return root;
  }
}
