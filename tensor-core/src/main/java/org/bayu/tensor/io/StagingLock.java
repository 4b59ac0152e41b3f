package org.bayu.tensor.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A file beside what is being written, locked by the process that writes it. It names the host and
 * the target, so that a later process can tell what a killed one left: the operating system lets go
 * of the lock of a process that ends.
 */
final class StagingLock implements AutoCloseable {
  private static final String PREFIX = ".bayu-";
  private static final String STAGED = ".tmp";
  private static final String LOCK = ".lock";

  /**
   * Part of the names that this process gives. It never opens a lock of its own a second time: to
   * close a file lets go of the process's lock on it, on POSIX systems.
   */
  private static final String PROCESS = PREFIX + UUID.randomUUID().toString().substring(0, 8) + "-";

  /** A lock's file is a host's name and a path. */
  private static final int MAX_BYTES = 16_384;

  private final Path staged;
  private final FileChannel channel;

  private StagingLock(Path staged, FileChannel channel) {
    this.staged = staged;
    this.channel = channel;
  }

  /** A new name beside the target. */
  static Path staged(Path target) {
    return target.resolveSibling(PROCESS + UUID.randomUUID() + STAGED);
  }

  /**
   * Locks what will be written; null where the file system has no locks, as others than the local
   * one.
   */
  static @Nullable StagingLock take(Path staged, Path target) throws IOException {
    if (!staged.getFileSystem().equals(FileSystems.getDefault())) {
      return null;
    }
    var file = lockOf(staged);
    var channel = FileChannel.open(file, CREATE_NEW, WRITE);
    try {
      var _ = channel.lock(); // waits for who looks whether it is left over
      channel.write(ByteBuffer.wrap((host() + "\n" + target + "\n").getBytes(UTF_8)));
      return new StagingLock(staged, channel);
    } catch (Throwable e) {
      channel.close();
      Files.deleteIfExists(file);
      if (e.getClass() == IOException.class) {
        // The operating system's words, such as "No space left on device", come without a path.
        throw new FileSystemException(target.toString(), null, e.getMessage());
      }
      throw e;
    }
  }

  private static Path lockOf(Path staged) {
    return withEnding(staged, STAGED, LOCK);
  }

  private static Path withEnding(Path path, String old, String ending) {
    var name = String.valueOf(path.getFileName());
    return path.resolveSibling(name.substring(0, name.length() - old.length()) + ending);
  }

  /** Lets go, and removes the lock's file, unless something lies there for the next to remove. */
  @Override
  public void close() throws IOException {
    try (channel) {
      if (Files.notExists(staged, LinkOption.NOFOLLOW_LINKS)) {
        // Removed while it is locked: nobody else can take it in between.
        Files.deleteIfExists(lockOf(staged));
      }
    }
  }

  /**
   * Removes what killed processes of this host left in a folder.
   *
   * @param target of what is removed; null removes the leftovers of all targets
   * @return what others than those left there, of other targets or hosts; not what is being written
   */
  static List<Path> removeLeftovers(Path folder, @Nullable Path target) throws IOException {
    var others = new ArrayList<Path>();
    if (!Files.isDirectory(folder) || !folder.getFileSystem().equals(FileSystems.getDefault())) {
      return others;
    }
    for (var staged : found(folder, STAGED)) {
      if (!removeIfOf(target, staged)) {
        others.add(staged);
      }
    }
    // Killed between the lock and what it is for.
    for (var lock : found(folder, LOCK)) {
      removeIfOf(target, withEnding(lock, LOCK, STAGED));
    }
    return others;
  }

  /** What other processes left or are writing, in order of the names. */
  private static List<Path> found(Path folder, String ending) throws IOException {
    var all = new ArrayList<Path>();
    DirectoryStream.Filter<Path> filter =
        path -> {
          var name = String.valueOf(path.getFileName());
          return name.startsWith(PREFIX) && name.endsWith(ending) && !name.startsWith(PROCESS);
        };
    try (var left = Files.newDirectoryStream(folder, filter)) {
      left.forEach(all::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    all.sort(Comparator.naturalOrder());
    return all;
  }

  /** Whether it was removed, or is in use. */
  private static boolean removeIfOf(@Nullable Path target, Path staged) throws IOException {
    var lock = lockOf(staged);
    if (!Files.isRegularFile(lock, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (var channel = FileChannel.open(lock, READ, WRITE)) {
      if (channel.tryLock() == null) {
        return true;
      }
      if (!isOf(target, content(channel))) {
        return false;
      }
      if (Files.exists(staged, LinkOption.NOFOLLOW_LINKS)) {
        delete(staged);
      }
      Files.deleteIfExists(lock);
      return true;
    } catch (NoSuchFileException e) {
      return true; // its writer has just ended
    }
  }

  private static boolean isOf(@Nullable Path target, String content) throws IOException {
    var host = host() + "\n";
    return target != null
        ? content.equals(host + target + "\n")
        // Empty where its process was killed before it wrote it.
        : content.isEmpty() || content.startsWith(host);
  }

  /** The beginning of a lock's file; a whole one, unless it is too long for one. */
  private static String content(FileChannel channel) throws IOException {
    var bytes = ByteBuffer.allocate(MAX_BYTES);
    while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
    return UTF_8.decode(bytes.flip()).toString();
  }

  /** Deletes a file or a folder with all in it; links are deleted, not followed. */
  static void delete(Path path) throws IOException {
    try (var all = Files.walk(path)) {
      for (var each : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(each);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** This machine's name, as far as it is told without asking the network. */
  private static String host() throws IOException {
    var linux = Path.of("/proc/sys/kernel/hostname");
    if (Files.isReadable(linux)) {
      return Files.readString(linux).strip();
    }
    var name = System.getenv("COMPUTERNAME");
    return name != null ? name : String.valueOf(System.getenv("HOSTNAME"));
  }
}
