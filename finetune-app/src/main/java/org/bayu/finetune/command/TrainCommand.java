package org.bayu.finetune.command;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.model.ModelUpload;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.RunStart;
import org.bayu.finetune.run.TrainRun;
import org.bayu.finetune.terminal.Signals;
import org.bayu.finetune.terminal.TerminalTracker;
import org.bayu.train.files.ShellText;
import org.bayu.train.plan.PeakMemory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The tutorial's step 2. */
@Command(
    name = "train",
    description = {
      "Fine-tune a model by a YAML file: every weight, or with a lora section an adapter.",
      "Beside the configuration's keys: --hf_save_path D saves the model (with lora: the adapter),"
          + " --merged_hf_save_path D the model with the adapter merged in."
    })
final class TrainCommand extends ConfigCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(
      names = "--profile",
      description = "After the run, print the time of the steps, op by op.")
  private boolean profile;

  @Override
  public Integer call() throws IOException {
    var err = spec.commandLine().getErr();
    try (var memory = new PeakMemory();
        var terminal = new TerminalTracker(err);
        var models = new Models(runner.environment(), terminal::message, err)) {
      var config = load(models.files());
      var uploads = new RunUploads(new ModelUpload(models.files(), err), config);
      uploads.check();
      try (var start = RunStart.of(config, models, terminal::message)) {
        var ended = start.ended();
        if (ended.isPresent()) {
          spec.commandLine().getOut().println(ended.get());
          return ExitCode.DONE;
        }
        return run(start, terminal, memory, uploads);
      }
    }
  }

  private int run(RunStart start, TerminalTracker terminal, PeakMemory memory, RunUploads uploads)
      throws IOException {
    var out = spec.commandLine().getOut();
    try (var run = new TrainRun(start, terminal::message);
        var _ = Signals.handle(_ -> interrupt(run, start, terminal))) {
      run.listen(terminal);
      run.whenSaved(saved -> uploads.sendBetween(saved, terminal::message));
      if (profile) {
        run.startProfile();
      }
      var saved = run.run();
      out.println(terminal.summary());
      out.println("Metrics: " + run.metrics());
      memory.bytes().ifPresent(peak -> out.println(run.plan().beside(peak)));
      if (saved.model() != null) {
        out.println("Model: " + saved.model());
      }
      if (saved.adapter() != null) {
        out.println("Adapter: " + saved.adapter());
      }
      if (saved.merged() != null) {
        out.println("Merged model: " + saved.merged());
      }
      if (profile) {
        run.profile().lines().forEach(out::println);
      }
      uploads.send(saved, out::println);
      return ExitCode.DONE;
    }
  }

  /**
   * The last lines of an interrupted run: where it stands, and the command that goes on with it.
   */
  private void interrupt(TrainRun run, RunStart start, TerminalTracker terminal) {
    run.interrupt();
    var arguments = spec.commandLine().getParseResult().originalArgs();
    terminal.message("To go on: " + ShellText.command("bayu", start.resuming(arguments)));
  }
}
