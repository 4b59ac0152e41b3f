package org.bayu.finetune.command;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.PlanRefusal;
import org.bayu.finetune.run.PlanText;
import org.bayu.finetune.run.RunInputs;
import org.bayu.finetune.run.RunRanks;
import org.bayu.finetune.run.RunSaves;
import org.bayu.tensor.device.Devices;
import org.bayu.train.plan.MachineMemory;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Estimates the memory that a training run needs, and says whether it is there. */
@Command(
    name = "plan",
    description = {
      "Estimate what train needs with this configuration: parameters, tokens of a step, memory by"
          + " part, and the disk space of the saves. If the memory is missing, say what would fit,"
          + " and end with exit code 4."
    })
final class PlanCommand extends ConfigCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(
      names = "--processes",
      paramLabel = "N",
      description =
          "Estimate one of so many processes that train together (trainer.model_axis_size).")
  private @Nullable Integer processes;

  @Override
  public Integer call() throws IOException {
    if (processes != null && processes < 1) {
      throw UserException.usage("--processes must be 1 or more, not " + processes + ".");
    }
    var line = spec.commandLine();
    try (var models = new Models(runner.environment(), line.getErr())) {
      return plan(load(models.files()).withId("plan"), models);
    }
  }

  private int plan(TrainConfig config, Models models) throws IOException {
    var several = processes == null ? config.trainer().modelAxisSize() : processes;
    RunRanks.checkProcesses(several, config);
    var line = spec.commandLine();
    try (var inputs = RunInputs.open(config, models, null, line.getErr()::println);
        var device = Devices.cpu()) {
      var machine = MachineMemory.current();
      var planner = inputs.dividedAmong(several, config).planner(config, machine);
      var plan = planner.plan();
      new PlanText(plan, machine).report(config).forEach(line.getOut()::println);
      var space = new RunSaves(config, inputs).space(0, device, models.files().buckets());
      space.lines().forEach(line.getOut()::println);
      new PlanRefusal(planner, machine).check(plan);
      space.check();
      return ExitCode.DONE;
    }
  }
}
