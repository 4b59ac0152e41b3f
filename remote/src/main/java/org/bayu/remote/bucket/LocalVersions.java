package org.bayu.remote.bucket;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Remembers which version of its object each local copy is, in a tree of small files beside the
 * tree of the copies.
 *
 * @param copies the folder of the copies
 * @param folder of what is remembered
 */
record LocalVersions(Path copies, Path folder) {
  /**
   * A copy, when it was brought from the bucket or to it.
   *
   * @param object the version there
   * @param bytes the copy's size
   * @param changed when the copy was written
   */
  record Copy(ObjectStore.Version object, long bytes, long changed) {
    static Copy of(Path file, ObjectStore.Version object) throws IOException {
      return new Copy(object, Files.size(file), Files.getLastModifiedTime(file).toMillis());
    }

    /** Whether the local file has not been written since. */
    boolean is(Path file) throws IOException {
      return Files.isRegularFile(file) && equals(of(file, object));
    }
  }

  private Path file(Path copy) {
    return folder.resolve(copies.relativize(copy) + ".version");
  }

  /** What is remembered of a copy; empty where that is nothing, or damaged. */
  Optional<Copy> get(Path copy) throws IOException {
    try {
      var lines = Files.readAllLines(file(copy), UTF_8);
      return lines.size() == 4
          ? Optional.of(
              new Copy(
                  new ObjectStore.Version(Long.parseLong(lines.get(0)), lines.get(1)),
                  Long.parseLong(lines.get(2)),
                  Long.parseLong(lines.get(3))))
          : Optional.empty();
    } catch (NoSuchFileException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Remembers that a local file is now as an object is. */
  void put(Path file, Copy copy) throws IOException {
    var target = file(file);
    Files.createDirectories(target.getParent());
    Files.write(
        target,
        List.of(
            Long.toString(copy.object.bytes()),
            copy.object.key().replaceAll("\\R", " "),
            Long.toString(copy.bytes),
            Long.toString(copy.changed)),
        UTF_8);
  }

  void remove(Path copy) throws IOException {
    Files.deleteIfExists(file(copy));
  }
}
