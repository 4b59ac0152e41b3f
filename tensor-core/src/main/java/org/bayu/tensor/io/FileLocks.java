package org.bayu.tensor.io;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;

/**
 * Exclusive locks on files that other programs see too, Python's {@code filelock} among them: those
 * of {@code flock(2)} on POSIX systems, which Java's own locks ({@code fcntl}) neither see nor
 * stop; those of {@link FileChannel#tryLock()} elsewhere, and where native calls are not allowed.
 * On a file system that knows no locks every caller gets one.
 */
public final class FileLocks {
  private static final int READ_WRITE = 2;
  private static final int EXCLUSIVE_OR_FAIL = 2 | 4;
  private static final String ERRNO = "errno";

  /** EINTR, EACCES, and EWOULDBLOCK of Linux and of macOS. */
  private static final Set<Integer> HELD = Set.of(4, 11, 13, 35);

  private FileLocks() {}

  /**
   * Takes the lock of a file, which is created if it is missing and never removed.
   *
   * @return what releases it; empty if another process, or another caller of this one, holds it
   * @throws IOException if the file cannot be created or opened
   */
  public static Optional<Closeable> tryLock(Path file) throws IOException {
    try {
      Files.createFile(file);
    } catch (FileAlreadyExistsException e) {
      // as it should be
    }
    var calls = Calls.load();
    return calls.isPresent() ? calls.get().tryLock(file) : tryJavaLock(file);
  }

  private static Optional<Closeable> tryJavaLock(Path file) throws IOException {
    var channel = FileChannel.open(file, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock(0, 1, false) != null) {
        return Optional.of(channel);
      }
    } catch (OverlappingFileLockException e) {
      // held by this process
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
    channel.close();
    return Optional.empty();
  }

  /** The system's functions. */
  private record Calls(MethodHandle open, MethodHandle flock, MethodHandle close) {
    @SuppressWarnings("restricted") // every caller's module has native access, or gets Java's locks
    static Optional<Calls> load() {
      if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
        return Optional.empty();
      }
      try {
        var linker = Linker.nativeLinker();
        var library = linker.defaultLookup();
        return Optional.of(
            new Calls(
                linker.downcallHandle(
                    library.findOrThrow("open"),
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                    Linker.Option.firstVariadicArg(2)),
                linker.downcallHandle(
                    library.findOrThrow("flock"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT),
                    Linker.Option.captureCallState(ERRNO)),
                linker.downcallHandle(
                    library.findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT))));
      } catch (RuntimeException e) {
        return Optional.empty(); // no such function, or native calls are denied
      }
    }

    Optional<Closeable> tryLock(Path file) throws IOException {
      try (var arena = Arena.ofConfined()) {
        var descriptor = (int) open.invokeExact(arena.allocateFrom(file.toString()), READ_WRITE);
        if (descriptor < 0) {
          throw new IOException(file + ": cannot be opened");
        }
        var layout = Linker.Option.captureStateLayout();
        var state = arena.allocate(layout);
        var result = (int) flock.invokeExact(state, descriptor, EXCLUSIVE_OR_FAIL);
        var error = state.get(JAVA_INT, layout.byteOffset(PathElement.groupElement(ERRNO)));
        if (result != 0 && HELD.contains(error)) {
          close(descriptor);
          return Optional.empty();
        }
        // Closing the last descriptor of the file releases the lock.
        return Optional.of(() -> close(descriptor));
      } catch (IOException | RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }

    private void close(int descriptor) {
      try {
        var _ = (int) close.invokeExact(descriptor);
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
