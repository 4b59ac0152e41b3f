package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bayu.finetune.config.CheckpointerConfig;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.tensor.io.StagedPath;
import org.bayu.train.files.CleanEnd;
import org.bayu.train.files.OutputFolder;

/**
 * The folder of one run, {@code <trainer.output_dir>/<run id>}: {@code config.yaml}, {@code
 * metrics.jsonl}, {@code report.html}, and once the run has ended {@code run.json}. Locked as long
 * as it is open: one process at a time writes there. The operating system lets go of the lock of a
 * process that is killed.
 */
public final class RunFolder implements AutoCloseable {
  static final String CONFIG = "config.yaml";
  static final String METRICS = "metrics.jsonl";
  static final String REPORT = "report.html";

  /** Asks for a checkpoint by its existence. */
  static final String CHECKPOINT_NOW = "checkpoint-now";

  private final Path folder;
  private final List<Path> made;
  private final RunLock lock;

  private RunFolder(Path folder, List<Path> made, RunLock lock) {
    this.folder = folder;
    this.made = made;
    this.lock = lock;
  }

  /**
   * Makes the folder if it is missing, and locks it.
   *
   * @throws UserException if the folder cannot be written to or is in use
   */
  public static RunFolder open(Path folder) throws IOException {
    var made = missing(folder);
    try {
      Files.createDirectories(folder);
      var lock = RunLock.take(folder);
      if (lock == null) {
        throw UserException.failed(
            "%s: another process is writing a run there. Give this one another trainer.id."
                .formatted(folder));
      }
      return new RunFolder(folder, made, lock);
    } catch (IOException e) {
      remove(made);
      throw unwritable(folder, e);
    }
  }

  /** The folders that are missing on the way to this one and itself, the innermost first. */
  private static List<Path> missing(Path folder) {
    var missing = new ArrayList<Path>();
    for (var each = folder.toAbsolutePath();
        each != null && Files.notExists(each);
        each = each.getParent()) {
      missing.add(each);
    }
    return missing;
  }

  /** Where it is. */
  public Path path() {
    return folder;
  }

  /** The file with an object for each step. */
  public Path metricsFile() {
    return folder.resolve(METRICS);
  }

  /** The file with the resolved configuration. */
  public Path configFile() {
    return folder.resolve(CONFIG);
  }

  /** Whether a run has begun here: its configuration or its metrics are there. */
  public boolean hasRun() {
    return Files.exists(configFile()) || Files.exists(metricsFile());
  }

  /**
   * Writes {@code config.yaml}, or replaces it.
   *
   * @param config the resolved configuration
   * @throws UserException if it cannot be written; the one before is then still there
   */
  public void writeConfig(String config) throws IOException {
    write(configFile(), config);
  }

  /**
   * How the run has ended; empty if it has not. A damaged {@code run.json} counts as none.
   *
   * @param messages takes a line if it is damaged
   */
  public Optional<RunEnd> ended(Consumer<String> messages) {
    return RunEnd.read(folder, messages);
  }

  /**
   * Writes {@code run.json}: the run has ended.
   *
   * @throws UserException if it cannot be written
   */
  public void end(RunEnd end) throws IOException {
    write(folder.resolve(RunEnd.FILE), end.toJson());
  }

  /**
   * Brings here what a run's folder has elsewhere, but not the checkpoints.
   *
   * @throws IOException if it cannot be read
   */
  static void fetch(Path folder, RemoteFiles remote) throws IOException {
    for (var entry : remote.list(folder)) {
      if (isOfRun(entry)) {
        remote.fetch(entry);
      }
    }
  }

  /**
   * Brings elsewhere what has changed in the folder, but not the checkpoints.
   *
   * @throws IOException if it cannot be written
   */
  void publish(RemoteFiles remote) throws IOException {
    if (!remote.isRemote(folder)) {
      return;
    }
    try (var entries = Files.list(folder)) {
      for (var entry : (Iterable<Path>) entries.filter(RunFolder::isOfRun)::iterator) {
        publish(entry, remote);
      }
    }
  }

  private static void publish(Path entry, RemoteFiles remote) throws IOException {
    try (var files = Files.walk(entry)) {
      for (var file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        remote.publish(file);
      }
    }
  }

  private static boolean isOfRun(Path entry) {
    var name = String.valueOf(entry.getFileName());
    return !name.startsWith(".")
        && !name.equals(CheckpointerConfig.FOLDER)
        && !name.equals(CHECKPOINT_NOW);
  }

  private void write(Path file, String text) throws IOException {
    try {
      CleanEnd.run(
          () -> {
            try (var staged = StagedPath.file(file)) {
              Files.writeString(staged.path(), text);
              staged.publish();
            }
          });
    } catch (IOException e) {
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

  /**
   * Ends the hold on the folder. If {@link #open} made it and nothing was written there, it is
   * removed: a run that was refused leaves nothing.
   */
  @Override
  public void close() throws IOException {
    try (lock) {
      if (!made.isEmpty() && lock.isAlone()) {
        lock.delete();
        remove(made);
      }
    }
  }

  private static void remove(List<Path> made) {
    try {
      for (var each : made) {
        Files.deleteIfExists(each);
      }
    } catch (IOException e) {
      // An empty folder stays, or one in which another run has begun.
    }
  }
}
