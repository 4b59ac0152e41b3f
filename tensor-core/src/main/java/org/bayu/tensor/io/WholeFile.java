package org.bayu.tensor.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Reads small files whole: configurations, tokenizers, indexes, prompts. */
public final class WholeFile {
  private WholeFile() {}

  /**
   * All bytes of a file.
   *
   * @param most bytes that a file of this kind may have
   * @throws MalformedFileException if it has more, or is a folder
   * @throws IOException if it is missing or cannot be read
   */
  public static byte[] read(Path file, int most) throws IOException {
    if (Files.isDirectory(file)) {
      throw new MalformedFileException(file, "is a folder, where a file is expected");
    }
    if (Files.size(file) > most) {
      throw new MalformedFileException(
          file,
          String.format(Locale.ROOT, "has %,d bytes, too many for such a file", Files.size(file)));
    }
    return Files.readAllBytes(file);
  }
}
