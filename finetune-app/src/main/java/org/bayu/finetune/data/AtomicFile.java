package org.bayu.finetune.data;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bayu.finetune.ExitCode;
import org.bayu.finetune.UserException;

/**
 * Writes a file beside its target and renames it when whole and synced: whoever reads the target
 * sees the old content or the new, also after a crash.
 */
public final class AtomicFile {

  /** Writes the content. */
  @FunctionalInterface
  public interface Content {
    /** Called once; the stream is buffered, and closed by the caller. */
    void writeTo(OutputStream out) throws IOException;
  }

  private AtomicFile() {}

  /**
   * Writes the target, or leaves it as it was if the content throws. Missing folders on the way to
   * it are made; a link is followed.
   *
   * @throws UserException if the target is no regular file or its folder cannot be written to
   */
  public static void write(Path target, Content content) throws IOException {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw UserException.failed(target + ": not a regular file, so nothing is written to it.");
    }
    var file = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
    var temporary =
        file.resolveSibling(".%s.%d".formatted(file.getFileName(), ProcessHandle.current().pid()));
    try (var channel = create(temporary)) {
      try (var out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
        content.writeTo(out);
        out.flush();
        channel.force(true);
        Files.move(temporary, file, ATOMIC_MOVE, REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
    }
  }

  private static FileChannel create(Path temporary) throws IOException {
    try {
      Files.createDirectories(temporary.getParent());
      Files.deleteIfExists(temporary);
      return FileChannel.open(temporary, CREATE_NEW, WRITE);
    } catch (FileSystemException e) {
      throw new UserException(
          ExitCode.FAILED,
          "%s: the folder cannot be written to (%s). Choose another one."
              .formatted(temporary.getParent(), reason(e)),
          e);
    }
  }

  private static String reason(FileSystemException e) {
    return switch (e) {
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException _ -> e.getFile() + " is a file";
      default -> e.getReason() == null ? String.valueOf(e.getMessage()) : e.getReason();
    };
  }
}
