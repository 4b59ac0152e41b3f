package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.model.ModelUpload;
import org.bayu.finetune.model.Models;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What was trained, to where others find it. */
@Command(
    name = "upload",
    description =
        "Upload a model's or an adapter's folder to the Hugging Face Hub, with a model card if it"
            + " has no README.md. The token comes from HF_TOKEN or 'hf auth login'.")
final class UploadCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Parameters(index = "0", paramLabel = "FOLDER", description = "The folder of a save.")
  private Path folder;

  @Parameters(
      index = "1",
      paramLabel = "org/name",
      description = "The repository, which is created if it is missing.")
  private String name;

  @Option(names = "--private", description = "Create the repository for its owner only.")
  private boolean isPrivate;

  @Option(
      names = "--config_path",
      paramLabel = "F.yaml",
      description = "The run's config.yaml: the card then says how the model was trained.")
  private @Nullable Path config;

  @Option(
      names = "--evaluation",
      paramLabel = "F.json",
      description = "The evaluation.json that evaluate wrote: the card then has the scores.")
  private @Nullable Path evaluation;

  @Override
  public Integer call() throws IOException {
    var repository = ModelUpload.name("org/name", name);
    var err = spec.commandLine().getErr();
    try (var models = new Models(runner.environment(), err)) {
      var files = models.files();
      var upload = new ModelUpload(files, err);
      upload.check(repository);
      var about =
          new ModelUpload.About(
              config == null ? null : TrainConfig.load(files.fetched(config), List.of(), files),
              evaluation == null ? null : files.fetched(evaluation));
      var address = upload.upload(folder, repository, isPrivate, about);
      spec.commandLine().getOut().println("Uploaded to " + address);
    }
    return ExitCode.DONE;
  }
}
