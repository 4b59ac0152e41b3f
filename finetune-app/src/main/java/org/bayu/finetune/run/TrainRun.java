package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.DeviceReport;
import org.bayu.tensor.device.Devices;
import org.bayu.train.NonFiniteException;
import org.bayu.train.StepProfile;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.bayu.train.checkpoint.Checkpointer;
import org.bayu.train.checkpoint.ModelStore;
import org.bayu.train.checkpoint.Saves;
import org.bayu.train.files.OutputFolder;
import org.bayu.train.finetune.FineTuning;
import org.bayu.train.plan.MemoryPlan;
import org.bayu.train.track.Tracking;
import org.jspecify.annotations.Nullable;

/**
 * One fine-tuning run, as its configuration says: set up, train, save. With a {@code lora} section
 * the adapter is trained, else every weight.
 */
public final class TrainRun implements AutoCloseable {
  private final RunStart start;
  private final TrainConfig config;
  private final Consumer<String> messages;
  private final RunInputs inputs;
  private final Device device;
  private final MemoryPlan plan;
  private final FineTuning tuning;
  private final Checkpointer checkpointer;
  private final Saves saves;
  private final RunTrackers trackers;
  private final RunInterruption interruption;
  private Consumer<SavedFolders> saveListener = _ -> {};
  private @Nullable Tracking tracking;
  private @Nullable RunProfile profile;
  private String metrics = "";

  /** A run of this process alone. */
  public TrainRun(RunStart start, Consumer<String> messages) throws IOException {
    this(start, RunRanks.alone(), messages);
  }

  /**
   * Sets a run up: opens the model, reads the data, plans and takes the memory, and loads the
   * checkpoint that it goes on from.
   *
   * @param start remains the caller's, open as long as this object
   * @param ranks the processes of the run; this one is rank 0
   * @param messages takes a line for whoever watches
   * @throws UserException for what the user can mend
   */
  public TrainRun(RunStart start, RunRanks ranks, Consumer<String> messages) throws IOException {
    this.start = start;
    this.messages = messages;
    var models = start.models();
    var remote = models.files().buckets();
    config = start.config();
    if (config.hfSavePath() == null && config.mergedHfSavePath() == null) {
      messages.accept("Nothing will be saved: give hf_save_path to keep what is trained.");
    }
    RunSaves.check(start, messages);
    remote.checkWritable(start.checkpoints().folder());
    trackers = new RunTrackers(config, start.folder().path(), models.files(), messages);
    var opened =
        RunInputs.open(config, models, start.baseCommit(), messages)
            .dividedAmong(ranks.communicator().size(), config);
    Device computing = null;
    FineTuning made = null;
    try {
      var resumption = Resumption.of(start, opened, messages);
      // Before anything is allocated that the plan is about.
      var machine = ranks.memory();
      plan = resumption.plan(machine, messages);
      new PlanText(plan, machine).summary().forEach(messages);
      opened = opened.whole(config, models);
      ranks.send(assignment(opened).text());
      computing = Devices.cpu(ranks.threads());
      var runSaves = new RunSaves(config, opened);
      var space = runSaves.space(start.firstStep(), computing, remote);
      space.lines().forEach(messages);
      space.check();
      made =
          FineTuning.distributed(
              opened.base(),
              opened.adaptation(config),
              opened.data(),
              opened.evalData(),
              config.settings(),
              plan,
              computing,
              ranks.groups(config));
      resumption.load(made.state(), messages);
      if (ranks.areSeveral()) {
        messages.accept(ranks.check(computing, opened, config));
        ranks.advice(plan, config).ifPresent(messages);
      }
      checkpointer =
          new Checkpointer(
              start.checkpoints(),
              made.state(),
              resumption.description(plan, computing, messages),
              config.trainer().checkpointer().policy(),
              start.folder().path().resolve(RunFolder.CHECKPOINT_NOW),
              new Checkpointer.Surroundings(
                  messages, this::beforeCheckpoint, this::checkpointTook, remote));
      messages.accept(checkpointer.outlook());
      saves = runSaves.of(made, computing, start, messages);
    } catch (Throwable e) {
      try (var _ = opened;
          var _ = computing;
          var _ = made) {
        throw e;
      }
    }
    inputs = opened;
    device = computing;
    tuning = made;
    interruption =
        new RunInterruption(made.state(), checkpointer, config.trainer().numTrainSteps(), messages);
  }

  /** What the other processes must know to compute with this one. */
  private RunWorker.Assignment assignment(RunInputs opened) {
    var checkpoint = start.checkpoint();
    return new RunWorker.Assignment(
        plan.maxTokens(),
        plan.recomputed(),
        plan.gradientParts(),
        checkpoint == null ? null : checkpoint.folder().toString(),
        opened.model().commit());
  }

  /**
   * Sets who is told after each try to save between two steps, on the thread that trains. What
   * could not be saved is not there.
   */
  public void whenSaved(Consumer<SavedFolders> listener) {
    saveListener = listener;
  }

  /** Adds a listener of the training, called before the metrics are written and saves are made. */
  public void listen(TrainListener listener) {
    tuning.trainer().listen(listener);
  }

  /** What was planned. */
  public MemoryPlan plan() {
    return plan;
  }

  /**
   * Trains and saves.
   *
   * @throws UserException if loss, gradients or weights become infinite or no number; if what was
   *     trained cannot be saved in its place
   */
  public SavedFolders run() throws IOException {
    var trainer = tuning.trainer();
    var state = tuning.state();
    var folder = start.folder();
    var compute = config.trainer().mp().compute();
    var peak = DeviceReport.peakGflops(device, compute);
    var resolved = Resumption.resolved(config, plan);
    folder.writeConfig(resolved.toYaml(files()));
    folder.publish(files().buckets());
    var opened = trackers.open(state.progress().reportedSteps());
    try (var tracks = new Tracking(opened, peak, messages)) {
      tracking = tracks;
      tracks.environment(RunEnvironment.of(device));
      tracks.config(resolved.toJson(files()));
      messages.accept("Run " + config.trainer().runId() + " in " + folder.path());
      var predicted = inputs.predicted();
      if (predicted != null) {
        var predictions =
            new EvalPredictions(predicted, inputs.base(), tuning.model(), device, compute);
        trainer.listen(report -> predictions.track(report, tracks));
      }
      trainer.listen(tracks);
      trainer.listen(new PeakSpells(device, compute, tracks));
      if (profile != null) {
        trainer.listen(profile);
      }
      var steps = new Steps(LastMetrics.of(folder.metricsFile()).map(LastMetrics::loss));
      trainer.listen(steps);
      trainer.listen(checkpointer);
      train(tracks);
      state.proceed();
      if (state.steps() == config.trainer().numTrainSteps()) {
        tracks.ended();
      }
      var file = opened.getFirst().name();
      var missing = tracks.missing(file);
      metrics =
          file
              + (missing == 0
                  ? ""
                  : String.format(Locale.ROOT, " (%,d steps are missing in it)", missing));
      var report = folder.path().resolve(RunFolder.REPORT);
      if (config.trainer().report() && Files.exists(report)) {
        messages.accept("Report: " + report);
      }
      var saved = saved(state.steps());
      refuseUnpublished();
      end(
          RunEnd.now(
              config.trainer().runId(), state.steps(), steps.lastLoss, saved.places(files())));
      publish(folder);
      return saved;
    }
  }

  private void publish(RunFolder folder) {
    try {
      folder.publish(files().buckets());
    } catch (IOException e) {
      throw new UserException(
          ExitCode.FAILED,
          "trainer.output_dir: %s. The run's files are kept in %s; the same command tries again."
              .formatted(OutputFolder.reason(e), folder.path().toUri()),
          e);
    }
  }

  /** Notes that the run has ended; without the note it would only be ended once more. */
  private void end(RunEnd end) throws IOException {
    if (end.steps() == config.trainer().numTrainSteps()) {
      try {
        start.folder().end(end);
      } catch (UserException e) {
        messages.accept("The run has ended, but that could not be noted. " + e.getMessage());
      }
    }
  }

  private SavedFolders saved(int steps) {
    return new SavedFolders(
        saves.path(ModelStore.Kind.MODEL, steps),
        saves.path(ModelStore.Kind.ADAPTER, steps),
        saves.path(ModelStore.Kind.MERGED, steps));
  }

  private LocalFiles files() {
    return start.models().files();
  }

  private void train(Tracking tracks) throws IOException {
    try {
      tuning.trainer().run();
      refuseDestroyed();
      saves.last(tuning.state().steps(), lastCheckpoint());
      device.mark("between steps");
    } catch (NonFiniteException e) {
      throw new UserException(
          ExitCode.FAILED,
          e.getMessage()
              + ". Training has stopped. "
              + saves.account(tuning.state().steps())
              + " "
              + checkpointer.account()
              + " Lower the learning rate or look for bad rows.",
          e);
    } catch (IOException e) {
      if (checkpointBeforeFailure() == null) {
        saves.beforeFailure(tuning.state().steps());
      }
      throw e;
    }
    if (profile != null) {
      profile.ended(tracks.peakGflops());
    }
  }

  /**
   * The checkpoint of the final state; null if it cannot be written.
   *
   * @throws NonFiniteException if a parameter is infinite or no number, in any process
   */
  private @Nullable Path lastCheckpoint() {
    try {
      return checkpointer.last();
    } catch (IOException e) {
      messages.accept(
          "%s: the checkpoint of the final state could not be written (%s)."
              .formatted(start.checkpoints().folder(), OutputFolder.reason(e)));
      return null;
    }
  }

  private @Nullable Path checkpointBeforeFailure() {
    try {
      return lastCheckpoint();
    } catch (NonFiniteException e) {
      return null;
    }
  }

  /**
   * Ends the run from another thread, for the end of the process: brings the state after the last
   * whole step to the disk if that can be done in time. Afterwards the run does nothing more, and
   * {@link #close} waits for ever.
   */
  public void interrupt() {
    interruption.interrupt();
  }

  private void checkpointTook(double seconds) {
    if (tracking != null) {
      tracking.add("throughput/checkpoint_time", seconds);
    }
  }

  /** What a run goes on from has these metrics, and what could not be brought away is tried. */
  private void beforeCheckpoint() {
    if (tracking != null) {
      tracking.sync();
    }
    saves.publish();
    try {
      start.folder().publish(files().buckets());
    } catch (IOException e) {
      messages.accept(
          "The run's metrics are kept here only: %s. They are tried again with the next checkpoint."
              .formatted(OutputFolder.reason(e)));
    }
  }

  private void refuseUnpublished() {
    var left = checkpointer.unpublished();
    if (!left.isEmpty()) {
      throw UserException.failed(
          "The run has done its steps, but the checkpoint %s could not be brought there. It is kept in %s; the same command tries again."
              .formatted(left.getLast(), left.getLast().toUri()));
    }
  }

  /** Weights that are no numbers are not worth a folder, and must not look like a result. */
  private void refuseDestroyed() {
    tuning
        .step()
        .destroyedParameter()
        .ifPresent(
            name -> {
              throw new NonFiniteException(
                  tuning.state().steps() - 1L,
                  "its update made " + name + " infinite or no number");
            });
  }

  /** What a run does beside its steps. */
  private final class Steps implements TrainListener {
    private double lastLoss;

    /** The loss is that of the step before the first, if there was one. */
    private Steps(Optional<Double> loss) {
      lastLoss = loss.orElse(Double.NaN);
    }

    @Override
    public void step(StepReport report) {
      lastLoss = report.loss();
      saves.loss(report.step(), report.loss());
      var done = report.step() + 1;
      if (report.isFinite()
          && done % config.hfSaveSteps() == 0
          && done < config.trainer().numTrainSteps()) {
        refuseDestroyed();
        saves.between(done);
        saveListener.accept(saved(done));
      }
    }
  }

  /** Where the metrics are, and how many steps are missing there. */
  public String metrics() {
    return metrics;
  }

  /** Makes {@link #run} count where the time goes. */
  public void startProfile() {
    profile = new RunProfile(device);
  }

  /**
   * Where the time of the steps went, but for the first two.
   *
   * @throws IllegalStateException if {@link #startProfile} was not called before the run
   */
  public StepProfile profile() {
    if (profile == null) {
      throw new IllegalStateException("this run has no profile");
    }
    return profile.result();
  }

  /** Frees everything. */
  @Override
  public void close() throws IOException {
    interruption.close();
    try (inputs;
        device) {
      tuning.close();
    }
  }
}
