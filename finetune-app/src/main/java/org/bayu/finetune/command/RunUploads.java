package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.Failure;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.ModelUpload;
import org.bayu.finetune.run.SavedFolders;
import org.bayu.remote.hub.HubException;
import org.bayu.train.files.ShellText;
import org.jspecify.annotations.Nullable;

/** The saves of a run to the Hub, as {@code hf_upload} and {@code merged_hf_upload} ask for. */
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
   * Uploads what was saved between two steps. What fails is reported, and the training goes on.
   *
   * @param messages takes a line for each upload
   */
  void sendBetween(SavedFolders saved, Consumer<String> messages) {
    for (var target : targets(saved)) {
      try {
        if (upload.isThere(target.folder)) {
          messages.accept(send(target));
        }
      } catch (IOException | UserException e) {
        messages.accept(
            "%s: %s could not be uploaded. %s Training goes on."
                .formatted(target.key, target.folder, Failure.of(e).message()));
      }
    }
  }

  /**
   * Uploads what was saved at the end.
   *
   * @param results takes a line for each upload
   */
  void send(SavedFolders saved, Consumer<String> results) throws IOException {
    for (var target : targets(saved)) {
      try {
        results.accept(send(target));
      } catch (HubException e) {
        var again =
            ShellText.command(
                "bayu", List.of("upload", target.folder.toString(), target.repository));
        throw new UserException(
            ExitCode.FAILED,
            "The run has ended, but %s could not be uploaded. %s To try again: %s"
                .formatted(target.folder, e.getMessage(), again),
            e);
      }
    }
  }

  /** A save that is uploaded, and the key that says so. */
  private record Target(String key, String repository, Path folder) {}

  private List<Target> targets(SavedFolders saved) {
    var targets = new ArrayList<Target>();
    add(targets, "hf_upload", config.hfUpload(), saved.model());
    add(targets, "hf_upload", config.hfUpload(), saved.adapter());
    add(targets, "merged_hf_upload", config.mergedHfUpload(), saved.merged());
    return targets;
  }

  private static void add(
      List<Target> targets, String key, @Nullable String repository, @Nullable Path folder) {
    if (repository != null && folder != null) {
      targets.add(new Target(key, repository, folder));
    }
  }

  private String send(Target target) throws IOException {
    var name = ModelUpload.name(target.key, target.repository);
    var about = new ModelUpload.About(config, null);
    return "Uploaded to " + upload.upload(target.folder, name, false, about);
  }
}
