package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.ModelUpload;
import org.bayu.finetune.run.TrainRun;
import org.bayu.remote.hub.HubException;
import org.bayu.train.files.ShellText;
import org.jspecify.annotations.Nullable;

/**
 * The last saves of a run to the Hub, as {@code hf_upload} and {@code merged_hf_upload} ask for.
 */
record RunUploads(ModelUpload upload, TrainConfig config) {
  /** Refuses, before a run begins, uploads that are sure to fail at its end. */
  void check() throws IOException {
    check("hf_upload", config.hfUpload(), config.hfSavePath());
    check("merged_hf_upload", config.mergedHfUpload(), config.mergedHfSavePath());
  }

  private void check(String key, @Nullable String repository, @Nullable Path saves)
      throws IOException {
    if (repository == null) {
      return;
    }
    var name = ModelUpload.name(key, repository);
    if (saves == null) {
      throw UserException.usage(
          "%s: nothing is saved that could be uploaded. Give %s too."
              .formatted(key, key.replace("upload", "save_path")));
    }
    upload.check(name);
  }

  /**
   * Uploads what was saved.
   *
   * @param results takes a line for each upload
   */
  void send(TrainRun.Saved saved, Consumer<String> results) throws IOException {
    send("hf_upload", config.hfUpload(), saved.model(), results);
    send("hf_upload", config.hfUpload(), saved.adapter(), results);
    send("merged_hf_upload", config.mergedHfUpload(), saved.merged(), results);
  }

  private void send(
      String key, @Nullable String repository, @Nullable Path folder, Consumer<String> results)
      throws IOException {
    if (repository == null || folder == null) {
      return;
    }
    try {
      var about = new ModelUpload.About(config, null);
      results.accept(
          "Uploaded to " + upload.upload(folder, ModelUpload.name(key, repository), false, about));
    } catch (HubException e) {
      var again = ShellText.command("bayu", List.of("upload", folder.toString(), repository));
      throw new UserException(
          ExitCode.FAILED,
          "The run has ended, but %s could not be uploaded. %s To try again: %s"
              .formatted(folder, e.getMessage(), again),
          e);
    }
  }
}
