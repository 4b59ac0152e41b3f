package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.DeviceReport;
import org.bayu.tensor.device.Devices;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.NonFiniteException;
import org.bayu.train.StepProfile;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.bayu.train.checkpoint.ModelStore;
import org.bayu.train.checkpoint.Saves;
import org.bayu.train.finetune.FineTuning;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlan;
import org.bayu.train.track.Tracking;
import org.jspecify.annotations.Nullable;

/**
 * One fine-tuning run, as its configuration says: set up, train, save. With a {@code lora} section
 * the adapter is trained, else every weight.
 */
public final class TrainRun implements AutoCloseable {
  /** Steps that a profile leaves out: code is compiled and memory touched in them. */
  private static final int WARM_UP_STEPS = 2;

  private final TrainConfig config;
  private final Consumer<String> messages;
  private final Path folder;
  private final Device device;
  private final RunInputs inputs;
  private final MemoryPlan plan;
  private final FineTuning tuning;
  private final Saves saves;
  private boolean profiles;
  private @Nullable StepProfile profile;
  private String metrics = "";

  /** Where things were saved. */
  public record Saved(@Nullable Path model, @Nullable Path adapter, @Nullable Path merged) {}

  /**
   * Sets a run up: opens the model, reads the data, plans and takes the memory.
   *
   * @param messages takes a line for whoever watches
   * @throws UserException for what the user can mend
   */
  public TrainRun(TrainConfig config, Consumer<String> messages) throws IOException {
    this.config = config;
    this.messages = messages;
    folder = config.trainer().outputDir().resolve(config.trainer().runId());
    RunFolder.refuseIfTaken(folder);
    if (config.hfSavePath() == null && config.mergedHfSavePath() == null) {
      messages.accept("Nothing will be saved: give hf_save_path to keep what is trained.");
    }
    RunSaves.check(config, messages);
    var opened = RunInputs.open(config, messages);
    Device computing = null;
    FineTuning made = null;
    try {
      // Before anything is allocated that the plan is about.
      var machine = MachineMemory.current();
      var planner = opened.planner(config, machine);
      plan = planner.plan();
      new PlanRefusal(planner, machine).check(plan);
      new PlanText(plan, machine).summary().forEach(messages);
      computing = Devices.cpu();
      var runSaves = new RunSaves(config, opened);
      var space = runSaves.space(computing);
      space.lines().forEach(messages);
      space.check();
      made =
          FineTuning.planned(
              opened.base(),
              config.adaptation(),
              opened.data(),
              opened.evalData(),
              config.settings(),
              plan,
              computing);
      saves = runSaves.of(made.model(), made.adapter(), computing, messages);
    } catch (Throwable e) {
      try (opened;
          var _ = computing;
          var _ = made) {
        throw e;
      }
    }
    inputs = opened;
    device = computing;
    tuning = made;
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
  public Saved run() throws IOException {
    var trainer = tuning.trainer();
    var peak = DeviceReport.peakGflops(device, config.trainer().mp().compute());
    try (var run = RunFolder.create(folder, resolved().toYaml());
        var tracking = new Tracking(List.of(run.metrics()), peak, messages)) {
      messages.accept("Run " + config.trainer().runId() + " in " + folder);
      trainer.listen(tracking);
      trainer.listen(new Steps());
      train(peak);
      var missing = tracking.missing(run.metrics().name());
      metrics =
          run.metrics().name()
              + (missing == 0
                  ? ""
                  : String.format(Locale.ROOT, " (%,d steps are missing in it)", missing));
    }
    var steps = tuning.state().steps();
    return new Saved(
        saves.path(ModelStore.Kind.MODEL, steps),
        saves.path(ModelStore.Kind.ADAPTER, steps),
        saves.path(ModelStore.Kind.MERGED, steps));
  }

  private void train(double peak) throws IOException {
    try {
      tuning.trainer().run();
      refuseDestroyed();
      saves.last(tuning.state().steps());
      device.mark("between steps");
    } catch (NonFiniteException e) {
      throw new UserException(
          ExitCode.FAILED,
          e.getMessage()
              + ". Training has stopped. "
              + saves.account(tuning.state().steps())
              + " Lower the learning rate or look for bad rows.",
          e);
    } catch (IOException e) {
      saves.beforeFailure(tuning.state().steps());
      throw e;
    }
    var steps = tuning.state().steps() - firstProfiled();
    profile = new StepProfile(device.profile(), steps, device.threads(), peak);
  }

  private int firstProfiled() {
    return config.trainer().numTrainSteps() > WARM_UP_STEPS ? WARM_UP_STEPS : 0;
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
    @Override
    public void stepBegins(int step) {
      if (profiles && step == firstProfiled()) {
        device.startProfile();
      }
    }

    @Override
    public void step(StepReport report) {
      saves.loss(report.step(), report.loss());
      var done = report.step() + 1;
      if (report.isFinite()
          && done % config.hfSaveSteps() == 0
          && done < config.trainer().numTrainSteps()) {
        refuseDestroyed();
        saves.between(done);
      }
    }
  }

  /** The configuration with the plan's settings in place of what it left open. */
  private TrainConfig resolved() {
    return config.withTrainer(
        config
            .trainer()
            .withMemory(
                plan.maxTokens(),
                plan.checkpointing() ? GradientCheckpointing.TRUE : GradientCheckpointing.FALSE));
  }

  /** Where the metrics are, and how many steps are missing there. */
  public String metrics() {
    return metrics;
  }

  /** Makes {@link #run} count where the time goes. */
  public void startProfile() {
    profiles = true;
  }

  /**
   * Where the time of the steps went, but for the first two.
   *
   * @throws IllegalStateException if {@link #startProfile} was not called before the run
   */
  public StepProfile profile() {
    if (!profiles || profile == null) {
      throw new IllegalStateException("this run has no profile");
    }
    return profile;
  }

  /** Frees everything. */
  @Override
  public void close() throws IOException {
    try (inputs;
        device) {
      tuning.close();
    }
  }
}
