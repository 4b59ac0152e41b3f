package org.bayu.train.files;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bayu.tensor.io.StagedPath;
import org.bayu.train.TrainException;

/** Writes a file of results: whole, or not at all. */
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
   * @throws TrainException if the target is no regular file or cannot be written
   */
  public static void write(Path target, Content content) throws IOException {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw TrainException.failed(target + ": not a regular file, so nothing is written to it.");
    }
    CleanEnd.run(
        () -> {
          try (var staged = staged(target)) {
            try (var out = open(target, staged.path())) {
              content.writeTo(out);
            }
            staged.publish();
          }
        });
  }

  /** A stream whose failures name the target, and are not taken for those of what is read. */
  private static OutputStream open(Path target, Path staged) throws IOException {
    var file =
        new FilterOutputStream(Files.newOutputStream(staged)) {
          @Override
          public void write(byte[] bytes, int from, int count) throws IOException {
            try {
              out.write(bytes, from, count);
            } catch (IOException e) {
              throw unwritable(target, e);
            }
          }
        };
    return new BufferedOutputStream(file, 1 << 16);
  }

  private static StagedPath staged(Path target) throws IOException {
    try {
      var file = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
      Files.createDirectories(file.getParent());
      return StagedPath.file(file);
    } catch (FileSystemException e) {
      throw unwritable(target, e);
    }
  }

  private static TrainException unwritable(Path target, IOException failure) {
    var reason =
        failure instanceof FileAlreadyExistsException e
            ? e.getFile() + " is a file"
            : OutputFolder.reason(failure);
    return TrainException.failed(
        "%s: cannot be written (%s). Choose another place.".formatted(target, reason), failure);
  }
}
