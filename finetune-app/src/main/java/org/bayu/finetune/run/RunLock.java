package org.bayu.finetune.run;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The lock of a run's folder: a file in it, which the process locks that writes the run. */
final class RunLock implements AutoCloseable {
  private static final String NAME = ".lock";

  /** How long a lock is waited for: its process may be about to end, or only look at the lock. */
  private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Path file;
  private final FileChannel channel;

  private RunLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** Locks a folder; null if it is locked by another process, or by this one. */
  static @Nullable RunLock take(Path folder) throws IOException {
    var file = folder.resolve(NAME);
    var end = System.nanoTime() + WAIT_NANOS;
    while (true) {
      var channel = FileChannel.open(file, CREATE, WRITE);
      try {
        var isLocked = channel.tryLock() != null;
        // Whoever had it may have removed the file meanwhile.
        if (isLocked && Files.exists(file)) {
          return new RunLock(file, channel);
        }
        channel.close();
        if (!isLocked && System.nanoTime() - end > 0) {
          return null;
        }
        TimeUnit.MILLISECONDS.sleep(50);
      } catch (OverlappingFileLockException e) {
        channel.close();
        return null;
      } catch (InterruptedException e) {
        channel.close();
        Thread.currentThread().interrupt();
        return null;
      } catch (Throwable e) {
        channel.close();
        throw e;
      }
    }
  }

  /** Whether a living process has locked the folder. */
  static boolean isTaken(Path folder) throws IOException {
    try (var channel = FileChannel.open(folder.resolve(NAME), READ, LinkOption.NOFOLLOW_LINKS)) {
      // A shared one, for which the file need only be readable.
      return channel.tryLock(0, Long.MAX_VALUE, true) == null;
    } catch (OverlappingFileLockException e) {
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Whether the folder holds nothing but the lock. */
  boolean isAlone() throws IOException {
    try (var entries = Files.list(file.getParent())) {
      return entries.allMatch(file::equals);
    }
  }

  /** Removes the lock's file, which is locked until {@link #close}. */
  void delete() throws IOException {
    Files.deleteIfExists(file);
  }

  @Override
  public void close() throws IOException {
    channel.close(); // lets go of the lock
  }
}
