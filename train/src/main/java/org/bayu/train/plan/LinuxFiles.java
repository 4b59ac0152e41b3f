package org.bayu.train.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Numbers that Linux tells in files; absent elsewhere. */
final class LinuxFiles {
  private static final Path MACHINE = Path.of("/proc/meminfo");
  private static final Path PROCESS = Path.of("/proc/self/status");

  private LinuxFiles() {}

  /** The memory that could be had without swapping. */
  static OptionalLong availableBytes() {
    return bytes(MACHINE, "MemAvailable:");
  }

  /** The memory of this process that is of no file, at the moment in RAM. */
  static OptionalLong anonymousBytes() {
    return bytes(PROCESS, "RssAnon:");
  }

  /** The number of a line like {@code RssAnon: 1234 kB}. */
  private static OptionalLong bytes(Path file, String label) {
    try {
      for (var line : Files.readAllLines(file)) {
        if (line.startsWith(label) && line.endsWith(" kB")) {
          var number = line.substring(label.length(), line.length() - " kB".length()).strip();
          return OptionalLong.of(Long.parseLong(number) << 10);
        }
      }
    } catch (IOException | NumberFormatException e) {
      return OptionalLong.empty(); // not a Linux, or one that does not tell
    }
    return OptionalLong.empty();
  }
}
