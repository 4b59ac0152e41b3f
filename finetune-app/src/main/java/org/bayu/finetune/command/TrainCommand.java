package org.bayu.finetune.command;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.bayu.finetune.model.ModelUpload;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.RunRanks;
import org.bayu.finetune.run.RunStart;
import org.bayu.finetune.run.RunWorker;
import org.bayu.finetune.run.TrainRun;
import org.bayu.finetune.terminal.Signals;
import org.bayu.finetune.terminal.TerminalTracker;
import org.bayu.train.NonFiniteException;
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
    return AllProcesses.run(
        runner,
        spec,
        ranks -> {
          if (ranks.isWorker()) {
            work(ranks);
          } else {
            train(ranks);
          }
        });
  }

  /** Takes part in a run until it ends, and prints nothing. Signals are rank 0's to handle. */
  private void work(RunRanks ranks) throws IOException {
    try (var _ = Signals.leaveToOthers();
        var models = new Models(runner.environment(), _ -> {}, spec.commandLine().getErr())) {
      RunWorker.run(load(models.files(), _ -> {}), models, ranks);
    } catch (NonFiniteException e) {
      park(); // rank 0 has the same, and its saves to look after
    }
  }

  private static void park() {
    while (true) {
      LockSupport.park();
    }
  }

  private void train(RunRanks ranks) throws IOException {
    var err = spec.commandLine().getErr();
    try (var _ = ranks.areSeveral() ? Signals.handle(ranks::abort) : null;
        var memory = new PeakMemory();
        var terminal = new TerminalTracker(err);
        var models = new Models(runner.environment(), terminal::message, err)) {
      var config = load(models.files(), err::println);
      ranks.check(config);
      var uploads = new RunUploads(new ModelUpload(models.files(), err), config);
      uploads.check();
      try (var start = RunStart.of(config, models, terminal::message)) {
        var ended = start.ended();
        if (ended.isPresent()) {
          ranks.dismiss();
          spec.commandLine().getOut().println(ended.get());
          return;
        }
        run(start, ranks, terminal, memory, uploads);
      }
    }
  }

  private void run(
      RunStart start,
      RunRanks ranks,
      TerminalTracker terminal,
      PeakMemory memory,
      RunUploads uploads)
      throws IOException {
    var out = spec.commandLine().getOut();
    try (var run = new TrainRun(start, ranks, terminal::message);
        var _ = Signals.handle(exitCode -> interrupt(exitCode, run, start, ranks, terminal))) {
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
      ranks.finish();
    }
  }

  /**
   * The last lines of an interrupted run: where it stands, and the command that goes on with it.
   * Several processes end together.
   */
  private void interrupt(
      int exitCode, TrainRun run, RunStart start, RunRanks ranks, TerminalTracker terminal) {
    run.interrupt();
    var arguments = spec.commandLine().getParseResult().originalArgs();
    terminal.message("To go on: " + ShellText.command("bayu", start.resuming(arguments)));
    if (ranks.areSeveral()) {
      ranks.abort(exitCode);
    }
  }
}
