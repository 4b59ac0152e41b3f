package org.bayu.finetune.track;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bayu.finetune.ExitCode;
import org.bayu.finetune.UserException;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one run, {@code <trainer.output_dir>/<run id>}: {@code config.yaml}, {@code
 * metrics.jsonl}. Locked while the run goes on.
 */
public final class RunFolder implements AutoCloseable {
  private final Path folder;
  private final FileChannel lockFile;
  private final FileLock lock;
  private final BufferedWriter metrics;
  private final ObjectMapper json = new ObjectMapper();

  private RunFolder(Path folder, FileChannel lockFile, FileLock lock) throws IOException {
    this.folder = folder;
    this.lockFile = lockFile;
    this.lock = lock;
    metrics = Files.newBufferedWriter(folder.resolve("metrics.jsonl"), UTF_8, CREATE_NEW, WRITE);
  }

  /**
   * Makes the folder and locks it.
   *
   * @param config the resolved configuration, YAML
   * @throws UserException if the folder cannot be written to, holds a run or is in use
   */
  public static RunFolder create(Path outputDir, String runId, String config) throws IOException {
    var folder = outputDir.resolve(runId);
    try {
      Files.createDirectories(folder);
      var lockFile = FileChannel.open(folder.resolve(".lock"), CREATE, WRITE);
      var lock = lock(lockFile);
      if (lock == null) {
        lockFile.close();
        throw UserException.failed(
            "%s: another process is writing a run there. Give this one another trainer.id."
                .formatted(folder));
      }
      if (Files.exists(folder.resolve("metrics.jsonl"))) {
        lockFile.close();
        throw UserException.usage(
            "%s: holds a run already. Give this one another trainer.id or trainer.output_dir."
                .formatted(folder));
      }
      Files.writeString(folder.resolve("config.yaml"), config);
      return new RunFolder(folder, lockFile, lock);
    } catch (FileAlreadyExistsException e) {
      throw unwritable(folder, e.getFile() + " is a file", e);
    } catch (FileSystemException e) {
      throw unwritable(folder, "permission denied or no such place", e);
    }
  }

  private static UserException unwritable(Path folder, String reason, IOException cause) {
    return new UserException(
        ExitCode.FAILED,
        "%s: the run folder cannot be written (%s). Choose another trainer.output_dir."
            .formatted(folder, reason),
        cause);
  }

  private static @Nullable FileLock lock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // this very process holds it
    }
  }

  /** The folder. */
  public Path path() {
    return folder;
  }

  /** Adds a line to {@code metrics.jsonl}: numbers by name, at full precision, in their order. */
  public void log(Map<String, ? extends Number> values) throws IOException {
    metrics.write(json.writeValueAsString(values));
    metrics.newLine();
    metrics.flush();
  }

  /** Ends the run's hold on the folder. */
  @Override
  public void close() throws IOException {
    metrics.close();
    lock.release();
    lockFile.close();
  }
}
