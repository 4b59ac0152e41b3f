package org.bayu.remote.bucket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * What downloads and uploads have in common.
 *
 * @param versions what is known of the copies
 * @param messages takes a line before much is transferred
 */
record Transfers(LocalVersions versions, Consumer<String> messages) {
  private static final long WORTH_A_LINE = 64 << 20;

  /** The local files in a folder, or the one file, but for what is being written. */
  static List<Path> localFiles(Path path) throws IOException {
    if (Files.notExists(path)) {
      return List.of();
    }
    try (var files = Files.walk(path)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !String.valueOf(file.getFileName()).startsWith(".bayu-"))
          .toList();
    }
  }

  /** Says what comes, if it is much. */
  void announce(String line, List<Long> sizes) {
    var bytes = sizes.stream().mapToLong(each -> each).sum();
    if (bytes >= WORTH_A_LINE) {
      messages.accept(
          line.formatted(
              String.format(
                  Locale.ROOT,
                  "%s, %.1f GB,",
                  sizes.size() == 1 ? "a file" : sizes.size() + " files",
                  bytes / 1e9)));
    }
  }
}
