package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.EvaluatedRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Writes the report of a run that has none, or an older one. */
@Command(
    name = "report",
    description = {
      "Write report.html of a run from the files in its folder.",
      "train writes it anyway while the run goes on, and evaluate --run adds its scores."
    })
final class ReportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Parameters(paramLabel = "RUN", description = "The folder of the run (runs/ID).")
  private Path run;

  @Override
  public Integer call() throws IOException {
    var err = spec.commandLine().getErr();
    try (var models = new Models(runner.environment(), err)) {
      var report = EvaluatedRun.of("RUN", run, models.files(), err::println).report();
      spec.commandLine().getOut().println("Report: " + report);
    }
    return ExitCode.DONE;
  }
}
