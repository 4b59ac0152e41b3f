package org.bayu.finetune.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A tracker of the type {@code tensorboard}.
 *
 * @param logdir the folder in which each run has one; null for a folder in the run's own
 * @param writeToDisk whether anything is written
 */
public record TensorBoardConfig(@Nullable Path logdir, boolean writeToDisk) {
  /** Reads the keys. Those that tune Python's writer ask for nothing that is not so anyway. */
  static TensorBoardConfig of(ConfigSection keys) {
    keys.text("comment");
    keys.text("purge_step");
    keys.text("max_queue");
    keys.text("flush_secs");
    keys.text("filename_suffix");
    return new TensorBoardConfig(keys.path("logdir"), keys.flag("write_to_disk", true));
  }

  /**
   * The folder of a run's event files.
   *
   * @param run the run's folder
   */
  public Path folder(Path run) {
    return logdir == null ? run.resolve("tensorboard") : logdir.resolve(run.getFileName());
  }
}
