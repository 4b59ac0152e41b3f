package org.bayu.finetune;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the data that lies beside the project and is no part of it; tests skip without it. */
public final class SharedData {
  private SharedData() {}

  /** A file or folder of {@code ../shared/data}; the calling test is skipped if there is none. */
  public static Path path(String name) {
    var root = Path.of("").toAbsolutePath();
    while (root != null && !Files.isDirectory(root.resolve("tensor-core"))) {
      root = root.getParent();
    }
    var path = root == null ? Path.of(name) : root.resolveSibling("shared/data").resolve(name);
    assumeTrue(Files.exists(path), path + " is missing");
    return path;
  }
}
