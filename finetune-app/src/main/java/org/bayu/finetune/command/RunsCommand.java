package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.RunStatus;
import org.bayu.finetune.terminal.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Lists the runs of an output folder. */
@Command(
    name = "runs",
    description = {
      "List the runs of an output folder: how far each has come, and its checkpoints.",
      "A run is running, ended, resumable (train with its id goes on from its newest checkpoint),"
          + " or has no checkpoint. The last change is in local time."
    })
final class RunsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Parameters(
      arity = "0..1",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "The runs' trainer.output_dir. Default: ${DEFAULT-VALUE}.")
  private Path folder;

  @Override
  public Integer call() throws IOException {
    var err = spec.commandLine().getErr();
    List<RunStatus> runs;
    try (var models = new Models(runner.environment(), err)) {
      runs = RunStatus.of(folder, models.files(), err::println);
    }
    if (!Files.isDirectory(folder)) {
      throw UserException.inputFile(
          folder + ": no such folder. Give the trainer.output_dir of your runs.");
    }
    if (runs.isEmpty()) {
      err.println(folder + ": no runs.");
    } else {
      RunsTable.lines(runs, Terminal.columnsOfOutput())
          .forEach(spec.commandLine().getOut()::println);
    }
    return ExitCode.DONE;
  }
}
