package org.bayu.llama;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Real models and data, which lie beside the project and are no part of it. */
public final class SharedData {
  private SharedData() {}

  /** The file or folder {@code name} of {@code ../shared/data}; skips the test without it. */
  public static Path path(String name) {
    var root = Path.of("").toAbsolutePath();
    while (root.getParent() != null && Files.notExists(root.resolve("mvnw"))) {
      root = root.getParent();
    }
    var path = root.resolveSibling("shared").resolve("data").resolve(name);
    assumeTrue(Files.exists(path), () -> path + " is missing");
    return path;
  }
}
