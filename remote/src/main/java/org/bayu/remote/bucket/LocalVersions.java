package org.bayu.remote.bucket;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.bayu.tensor.io.FileLocks;
import org.bayu.tensor.io.Sha256;

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

  /** What a break left of downloads to a copy. */
  Parts parts(Path copy) throws IOException {
    var parts = new Parts(folder.resolve(copies.relativize(copy) + ".parts"));
    Files.createDirectories(parts.folder);
    return parts;
  }

  /**
   * The first bytes of an object that was not fetched to its end, to go on from.
   *
   * @param folder which has those of one version, and a lock
   */
  record Parts(Path folder) {
    private static final String LOCK = "lock";

    /** Keeps others from writing them; empty if somebody does. */
    Optional<Closeable> tryLock() throws IOException {
      return FileLocks.tryLock(folder.resolve(LOCK));
    }

    private static String name(ObjectStore.Version version) {
      var text = version.bytes() + " " + version.key();
      return HexFormat.of().formatHex(Sha256.digest().digest(text.getBytes(UTF_8)));
    }

    /** The file for those of a version, which may not be there. Those of others are deleted. */
    Path of(ObjectStore.Version version) throws IOException {
      var part = folder.resolve(name(version));
      try (var old = Files.list(folder)) {
        for (var file : (Iterable<Path>) old::iterator) {
          if (!file.equals(part) && !file.endsWith(LOCK)) {
            Files.delete(file);
          }
        }
      }
      return part;
    }
  }

  void remove(Path copy) throws IOException {
    Files.deleteIfExists(file(copy));
  }
}
