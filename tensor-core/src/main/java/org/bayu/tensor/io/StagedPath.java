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
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A file or folder that is written beside its target, and renamed to the target when it is complete
 * and on the disk. A crash leaves the old one or the new one, never half of one.
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
  private boolean published;

  private StagedPath(Path target) throws IOException {
    this.target = target;
    removeLeftovers(target);
    path = target.resolveSibling(StagingLock.stagedName(UUID.randomUUID().toString()));
    lock = StagingLock.take(path, target);
  }

  /**
   * Removes what killed processes of this machine left of {@code target} beside it.
   *
   * @return leftovers of other targets or other machines, which are not touched; files that are
   *     being written now are not among them
   */
  public static List<Path> removeLeftovers(Path target) throws IOException {
    return StagingLock.removeLeftovers(target.toAbsolutePath());
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
    return new StagedPath(absolute);
  }

  /**
   * A new folder, created empty beside {@code target}, whose own parents are created too.
   *
   * @throws FileAlreadyExistsException if {@code target} exists and is not an empty folder
   */
  public static StagedPath folder(Path target) throws IOException {
    var real = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
    refuseUnlessFree(target, real);
    var parent = real.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
      refuseUnlessWritable(target, parent);
    }
    var staged = new StagedPath(real);
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

  private static void refuseUnlessFree(Path target, Path real) throws IOException {
    if (Files.notExists(real, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.isDirectory(real)) {
      throw new FileAlreadyExistsException(target.toString(), null, "it is not a folder");
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
    try {
      Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(path, target, StandardCopyOption.REPLACE_EXISTING);
    }
    published = true;
    var parent = target.getParent();
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
