package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.CheckpointSave;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** A checkpoint's model or adapter, for those who do not know checkpoints. */
@Command(
    name = "save",
    description = "Save the model or the adapter of a run's checkpoint, as train would.")
final class SaveCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(
      names = "--checkpoint",
      required = true,
      paramLabel = "D",
      description = "The checkpoint, or a folder of checkpoints, of which the newest is taken.")
  private Path checkpoint;

  @Option(
      names = "--hf_save_path",
      paramLabel = "D",
      description =
          "Save the model (of a run with lora: the adapter) in D, under the run's name and step.")
  private @Nullable Path savePath;

  @Option(
      names = "--merged_hf_save_path",
      paramLabel = "D",
      description = "Save the model with the adapter merged in, in the same way.")
  private @Nullable Path mergedPath;

  @Option(
      names = "--model_name_or_path",
      paramLabel = "D",
      description = "The base, if it is elsewhere now.")
  private @Nullable String model;

  @Override
  public Integer call() throws IOException {
    if (savePath == null && mergedPath == null) {
      throw UserException.usage("save: give --hf_save_path or --merged_hf_save_path.");
    }
    var flags = model == null ? List.<String>of() : List.of("--model_name_or_path=" + model);
    var messages = spec.commandLine().getErr();
    try (var models = new Models(runner.environment(), messages);
        var save = CheckpointSave.open(checkpoint, flags, models, messages::println)) {
      save.save(savePath, mergedPath);
    }
    return ExitCode.DONE;
  }
}
