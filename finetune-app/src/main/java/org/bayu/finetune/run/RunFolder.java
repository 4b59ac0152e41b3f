package org.bayu.finetune.run;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.train.files.OutputFolder;
import org.bayu.train.track.JsonLinesTracker;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one run, {@code <trainer.output_dir>/<run id>}: {@code config.yaml}, {@code
 * metrics.jsonl}. Locked while the run goes on.
 */
public final class RunFolder implements AutoCloseable {
  private static final String METRICS = "metrics.jsonl";

  private static final String CONFIG = "config.yaml";
  private static final String LOCK = ".lock";

  private final FileChannel lockFile;
  private final JsonLinesTracker metrics;

  private RunFolder(FileChannel lockFile, JsonLinesTracker metrics) {
    this.lockFile = lockFile;
    this.metrics = metrics;
  }

  /**
   * Refuses a folder in which a run has done a step; writes nothing.
   *
   * @throws UserException if it has
   */
  public static void refuseIfTaken(Path folder) throws IOException {
    var metrics = folder.resolve(METRICS);
    if (Files.exists(metrics) && Files.size(metrics) > 0) {
      throw UserException.usage(
          "%s: holds a run already. Give this one another trainer.id or trainer.output_dir."
              .formatted(folder));
    }
  }

  /**
   * Makes the folder and locks it.
   *
   * @param config the resolved configuration, YAML
   * @throws UserException if the folder cannot be written to, holds a run or is in use
   */
  public static RunFolder create(Path folder, String config) throws IOException {
    var lockFile = lockFile(folder);
    try {
      if (lock(lockFile) == null) {
        throw UserException.failed(
            "%s: another process is writing a run there. Give this one another trainer.id."
                .formatted(folder));
      }
      refuseIfTaken(folder);
      Files.writeString(folder.resolve(CONFIG), config);
      return new RunFolder(lockFile, JsonLinesTracker.create(folder.resolve(METRICS)));
    } catch (IOException e) {
      lockFile.close();
      throw unwritable(folder, e);
    } catch (Throwable e) {
      lockFile.close();
      throw e;
    }
  }

  private static FileChannel lockFile(Path folder) throws IOException {
    try {
      Files.createDirectories(folder);
      return FileChannel.open(folder.resolve(LOCK), CREATE, WRITE);
    } catch (FileSystemException e) {
      throw unwritable(folder, e);
    }
  }

  private static UserException unwritable(Path folder, IOException cause) {
    var reason =
        cause instanceof FileAlreadyExistsException e
            ? e.getFile() + " is a file"
            : OutputFolder.reason(cause);
    return new UserException(
        ExitCode.FAILED,
        folder
            + ": the run folder cannot be written ("
            + reason
            + "). Choose another trainer.output_dir.",
        cause);
  }

  private static @Nullable FileLock lock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // this very process holds it
    }
  }

  /** Writes the file with an object for each step, until {@link #close}. */
  public JsonLinesTracker metrics() {
    return metrics;
  }

  /** Ends the run's hold on the folder: closing the file releases its lock. */
  @Override
  public void close() throws IOException {
    try (lockFile) {
      metrics.close();
    }
  }
}
