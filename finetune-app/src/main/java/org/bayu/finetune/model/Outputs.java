package org.bayu.finetune.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.bucket.Buckets;
import org.bayu.tensor.io.StagedPath;
import org.bayu.train.files.OutputFolder;

/**
 * Brings what a command wrote to where it belongs. For paths that stand for themselves this does
 * nothing.
 */
public record Outputs(Buckets buckets) {
  /**
   * Refuses a new folder in a bucket where there is something, or where nothing can be written.
   *
   * @param key of the command line or the configuration
   * @param other what to do where it exists
   */
  public void checkNew(String key, Path folder, String other) throws IOException {
    if (!buckets.isRemote(folder)) {
      return;
    }
    if (buckets.exists(folder)) {
      throw UserException.usage("%s: %s exists already. %s".formatted(key, folder, other));
    }
    if (Files.exists(folder)) {
      throw UserException.failed(
          "%s: what was made for %s before could not be uploaded. It is in %s: upload it from there, or delete it."
              .formatted(key, folder, folder.toUri()));
    }
    buckets.checkWritable(folder);
  }

  /** The same, also for a folder that is not in a bucket. */
  public void checkNew(String key, Path folder, String other, Consumer<String> messages)
      throws IOException {
    checkNew(key, folder, other);
    OutputFolder.check(key, folder, other, messages);
  }

  /**
   * Brings what was written to its bucket.
   *
   * @throws UserException that says where it is, if that fails
   */
  public void publish(String key, Path path) throws IOException {
    try {
      buckets.publish(path);
    } catch (IOException e) {
      throw new UserException(
          ExitCode.FAILED,
          "%s: %s. What was made is kept in %s."
              .formatted(key, OutputFolder.reason(e), path.toUri()),
          e);
    }
  }

  /** The same for a model's folder, which does not stay here then. */
  public void publishModel(String key, Path folder) throws IOException {
    publish(key, folder);
    if (buckets.isRemote(folder)) {
      StagedPath.delete(folder);
    }
  }
}
