package org.bayu.tensor.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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

  /** A lock's file is a host's name and a path. */
  private static final int MAX_BYTES = 16_384;

  private final Path file;
  private final FileChannel channel;

  private StagingLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** The name of what is written, by the random part of it. */
  static String stagedName(String random) {
    return PREFIX + random + STAGED;
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
      if (channel.tryLock() == null) {
        throw new IOException(file + ": another process has locked it");
      }
      channel.write(ByteBuffer.wrap((host() + "\n" + target + "\n").getBytes(UTF_8)));
      return new StagingLock(file, channel);
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
    var name = String.valueOf(staged.getFileName());
    return staged.resolveSibling(name.substring(0, name.length() - STAGED.length()) + LOCK);
  }

  /** Lets go, and removes the lock's file. */
  @Override
  public void close() throws IOException {
    // Removed while it is locked: nobody else can take it in between.
    Files.deleteIfExists(file);
    channel.close();
  }

  /**
   * Removes what killed processes of this host left of {@code target} beside it.
   *
   * @return what others than those left there, of other targets or hosts; not what is being written
   */
  static List<Path> removeLeftovers(Path target) throws IOException {
    var others = new ArrayList<Path>();
    var folder = target.getParent();
    if (folder == null
        || !Files.isDirectory(folder)
        || !folder.getFileSystem().equals(FileSystems.getDefault())) {
      return others;
    }
    DirectoryStream.Filter<Path> filter =
        path -> {
          var name = String.valueOf(path.getFileName());
          return name.startsWith(PREFIX) && name.endsWith(STAGED);
        };
    try (var left = Files.newDirectoryStream(folder, filter)) {
      for (var staged : left) {
        if (!removeIfOf(target, staged)) {
          others.add(staged);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    others.sort(Comparator.naturalOrder());
    return others;
  }

  /** Whether it was removed, or is in use. */
  private static boolean removeIfOf(Path target, Path staged) throws IOException {
    var lock = lockOf(staged);
    if (!Files.isRegularFile(lock) || Files.size(lock) > MAX_BYTES) {
      return false;
    }
    try (var channel = FileChannel.open(lock, READ, WRITE)) {
      if (channel.tryLock() == null) {
        return true;
      }
      if (!Files.readString(lock).equals(host() + "\n" + target + "\n")) {
        return false;
      }
      delete(staged);
      Files.deleteIfExists(lock);
      return true;
    } catch (OverlappingFileLockException e) {
      return true; // this very process writes it
    }
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
