package org.bayu.tensor.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file or folder that is written beside its target, and renamed to the target when it is complete
 * and on the disk. A crash leaves the old one or the new one, never half of one; of a folder that
 * replaces another one, at one moment, neither.
 *
 * {@snippet :
 * try (var staged = StagedPath.folder(target)) {
 *   Files.writeString(staged.path().resolve("config.json"), json);
 *   staged.publish();
 * }
 * }
 *
 * <p>Without {@link #publish}, {@link #close} removes what was written. A killed process leaves
 * {@code .bayu-….tmp} and {@code .bayu-….lock} beside the target. The next write of the same target
 * on the same machine removes them first.
 */
public final class StagedPath implements AutoCloseable {
  private final Path target;
  private final Path path;
  private final @Nullable StagingLock lock;
  private final boolean replaces;
  private boolean published;

  private StagedPath(Path target, boolean replaces) throws IOException {
    this.target = target;
    this.replaces = replaces;
    removeLeftovers(target);
    path = StagingLock.staged(target);
    lock = StagingLock.take(path, target);
  }

  /**
   * Removes what killed processes of this machine left of {@code target} beside it.
   *
   * @return leftovers of other targets or other machines, which are not touched; files that are
   *     being written now are not among them
   */
  public static List<Path> removeLeftovers(Path target) throws IOException {
    var absolute = target.toAbsolutePath();
    var folder = absolute.getParent();
    return folder == null ? List.of() : StagingLock.removeLeftovers(folder, absolute);
  }

  /**
   * Removes everything that killed processes of this machine left in a folder, whatever it was to
   * become. The folder must be one in which nobody else writes now.
   *
   * @return leftovers of other machines, which are not touched
   */
  public static List<Path> removeAllLeftovers(Path folder) throws IOException {
    return StagingLock.removeLeftovers(folder.toAbsolutePath(), null);
  }

  /**
   * Deletes a folder with all in it. A crash leaves it whole, or removed as far as its name goes;
   * the rest is a leftover, which {@link #removeLeftovers} removes.
   *
   * @throws NoSuchFileException if it does not exist
   */
  public static void delete(Path folder) throws IOException {
    var target = folder.toAbsolutePath();
    var old = StagingLock.staged(target);
    try (var _ = StagingLock.take(old, target)) {
      move(target, old);
      syncParent(target);
      StagingLock.delete(old);
    }
  }

  /**
   * A file that will become {@code target}, or replace it. Nothing is created yet.
   *
   * @throws NoSuchFileException if the folder of {@code target} is missing
   */
  public static StagedPath file(Path target) throws IOException {
    var absolute = target.toAbsolutePath();
    var folder = absolute.getParent();
    if (folder == null || Files.notExists(folder)) {
      throw new NoSuchFileException(target.toString(), null, "its folder does not exist");
    }
    refuseUnlessWritable(target, folder);
    return new StagedPath(absolute, false);
  }

  /**
   * A new folder, created empty beside {@code target}, whose own parents are created too.
   *
   * @throws FileAlreadyExistsException if {@code target} exists and is not an empty folder
   */
  public static StagedPath folder(Path target) throws IOException {
    return folder(target, false);
  }

  /**
   * A new folder, as {@link #folder}, that replaces the folder {@code target} with all in it where
   * there is one. The old one is moved aside just before the new one takes its name. A crash
   * between the two leaves none under that name. What cannot be deleted of the old one stays as a
   * leftover.
   *
   * @throws FileAlreadyExistsException if {@code target} exists and is no folder
   */
  public static StagedPath replacement(Path target) throws IOException {
    return folder(target, true);
  }

  private static StagedPath folder(Path target, boolean replaces) throws IOException {
    var real = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
    refuseUnlessFree(target, real, replaces);
    var parent = real.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
      refuseUnlessWritable(target, parent);
    }
    var staged = new StagedPath(real, replaces);
    try {
      Files.createDirectory(staged.path);
      return staged;
    } catch (Throwable e) {
      staged.close();
      throw e;
    }
  }

  private static void refuseUnlessWritable(Path target, Path folder) throws IOException {
    if (!Files.isWritable(folder)) {
      throw new AccessDeniedException(target.toString(), null, "its folder is not writable");
    }
  }

  private static void refuseUnlessFree(Path target, Path real, boolean replaces)
      throws IOException {
    if (Files.notExists(real, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.isDirectory(real)) {
      throw new FileAlreadyExistsException(target.toString(), null, "it is not a folder");
    }
    if (replaces) {
      return;
    }
    try (var entries = Files.list(real)) {
      if (entries.findAny().isPresent()) {
        throw new FileAlreadyExistsException(
            target.toString(), null, "the folder is not empty; name a new one, or empty it");
      }
    }
  }

  /** Where to write. */
  public Path path() {
    return path;
  }

  /** Syncs everything to the disk and renames it to the target. */
  public void publish() throws IOException {
    try (var written = Files.walk(path)) {
      for (var each : (Iterable<Path>) written::iterator) {
        sync(each);
      }
    }
    if (replaces && Files.exists(target)) {
      publishInPlaceOfOld();
    } else {
      move(path, target);
      published = true;
      syncParent(target);
    }
  }

  private void publishInPlaceOfOld() throws IOException {
    var old = StagingLock.staged(target);
    try (var _ = StagingLock.take(old, target)) {
      move(target, old);
      try {
        move(path, target);
      } catch (Throwable e) {
        move(old, target);
        throw e;
      }
      published = true;
      syncParent(target);
      try {
        StagingLock.delete(old);
      } catch (IOException e) {
        // The new one is there. What remains of the old one is a leftover.
      }
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static void syncParent(Path path) throws IOException {
    var parent = path.getParent();
    if (parent != null) {
      sync(parent);
    }
  }

  private static void sync(Path path) throws IOException {
    var fileSystem = path.getFileSystem();
    var folder = Files.isDirectory(path);
    // Only POSIX systems open a folder as a file; other file systems than the local know no sync.
    if (!fileSystem.equals(FileSystems.getDefault())
        || (folder && !fileSystem.supportedFileAttributeViews().contains("posix"))) {
      return;
    }
    try (var channel =
        FileChannel.open(path, folder ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** Removes what was written, unless it was published. */
  @Override
  public void close() throws IOException {
    try (var _ = lock) {
      if (!published && Files.exists(path)) {
        StagingLock.delete(path);
      }
    }
  }
}
