package org.bayu.finetune.train;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.data.DataOrder;
import org.bayu.finetune.data.TokenizedData;
import org.bayu.finetune.data.TokenizedExample;
import org.bayu.finetune.memory.MachineMemory;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.Device;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.device.DeviceReport;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.LearningRateSchedule;
import org.jspecify.annotations.Nullable;

/**
 * One fine-tuning run, as its configuration says: set up, train, save. With a {@code lora} section
 * the adapter is trained, else every weight.
 */
public final class TrainRun implements AutoCloseable {
  /** Steps that a profile leaves out: code is compiled and memory touched in them. */
  private static final int WARM_UP_STEPS = 2;

  private final TrainConfig config;
  private final Observer observer;
  private final Resources resources = new Resources();
  private final Device device;
  private final RunInputs inputs;
  private final HfCheckpoint base;
  private final LlamaModel model;
  private final @Nullable LoraAdapter adapter;
  private final TokenizedData data;
  private final @Nullable TokenizedData evalData;
  private final MemoryPlan plan;
  private final TrainingStep trainingStep;
  private final Saves saves;
  private int updates;
  private boolean profiles;
  private @Nullable StepProfile profile;

  /** Sees what a run does, as it happens. */
  public interface Observer {
    /** Called once, before {@link #start}, with the configuration and what was chosen for it. */
    void planned(TrainConfig resolved);

    /**
     * Called once, before the first step.
     *
     * @param peakGflops 10⁹ operations of the compute type that the processor can do a second at
     *     most; 0 if unknown
     */
    void start(long parameters, long trainable, double peakGflops) throws IOException;

    /** Called after each micro-batch of a step: {@code done} of {@code count}. */
    default void microBatch(int done, int count) {}

    /** Called after each micro-batch of an evaluation: {@code done} of {@code count}. */
    default void evaluated(int done, int count) {}

    /** Called after each step, and after the evaluation that follows it. */
    void step(StepReport report) throws IOException;
  }

  /**
   * A step, done.
   *
   * @param step its number, from 0
   * @param modelFlops operations that the mathematics of the step asks for
   * @param seconds of the whole step, from loading its examples to the update
   * @param loadingSeconds of loading alone
   * @param evalLoss of the evaluation after the step; null if there was none
   */
  public record StepReport(
      int step,
      TrainingStep.Result result,
      double learningRate,
      int examples,
      double modelFlops,
      double seconds,
      double loadingSeconds,
      @Nullable Double evalLoss) {}

  /** Where things were saved. */
  public record Saved(@Nullable Path model, @Nullable Path adapter, @Nullable Path merged) {}

  /**
   * Sets a run up: opens the model, reads the data.
   *
   * @param messages takes a line for whoever watches
   * @throws UserException for what the user can mend
   */
  public TrainRun(TrainConfig config, Observer observer, Consumer<String> messages)
      throws IOException {
    this.config = config;
    this.observer = observer;
    try {
      if (config.hfSavePath() == null && config.mergedHfSavePath() == null) {
        messages.accept("Nothing will be saved: give hf_save_path to keep what is trained.");
      }
      Saves.check(config, messages);
      inputs = resources.add(RunInputs.open(config, messages));
      base = inputs.base();
      data = inputs.data();
      evalData = inputs.evalData();
      // Before anything is allocated that the plan is about.
      var machine = MachineMemory.current();
      var planner = new MemoryPlanner(config, inputs, machine);
      plan = planner.plan();
      planner.check(plan);
      new PlanText(plan, machine).summary().forEach(messages);
      var space = SaveSpace.of(config, inputs);
      space.lines().forEach(messages);
      space.check();
      observer.planned(MemoryPlanner.resolved(config, plan));
      device = resources.add(Devices.cpu());
      model = new LlamaModel(base.config(), base.weights());
      model.checkWeights();
      var lora = config.lora();
      if (lora == null) {
        adapter = null;
        var arena = resources.add(Arena.ofShared());
        model.parameters().forEach(parameter -> parameter.train(arena));
      } else {
        adapter = resources.add(RunShape.adapter(model, lora, config.trainer().seed()));
      }
      // As large as planned from the start: growing in the first step takes more.
      var workspace = new Workspace(plan.workspaceBytes());
      trainingStep = resources.add(new TrainingStep(model, adapter, device, settings(), workspace));
      saves = Saves.of(config, inputs, this::write, messages);
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  private TrainingStep.Settings settings() {
    var trainer = config.trainer();
    return new TrainingStep.Settings(
        trainer.mp().compute(),
        MicroBatches.of(config, plan.maxTokens()),
        plan.checkpointing(),
        config.optimizer().maxGradNorm(),
        config.optimizer().adamW(),
        trainer.seed());
  }

  /** What was planned. */
  public MemoryPlan plan() {
    return plan;
  }

  /**
   * Trains and saves.
   *
   * @throws UserException if no row of a batch has a token to learn; if loss, gradients or weights
   *     become infinite or no number; if what was trained cannot be saved in its place
   */
  public Saved run() throws IOException {
    var trainer = config.trainer();
    var steps = trainer.numTrainSteps();
    var frozen = model.parameters().stream().mapToLong(p -> p.value().elements()).sum();
    var trainable =
        model.parameters().stream()
            .filter(Parameter::trainable)
            .mapToLong(p -> p.value().elements())
            .sum();
    var peak = DeviceReport.peakGflops(device, trainer.mp().compute());
    observer.start(frozen, trainable, peak);
    var firstProfiled = steps > WARM_UP_STEPS ? WARM_UP_STEPS : 0;
    train(firstProfiled);
    profile = new StepProfile(device.profile(), steps - firstProfiled, device.threads(), peak);
    return saved(steps);
  }

  private void train(int firstProfiled) throws IOException {
    try {
      var steps = config.trainer().numTrainSteps();
      var schedule = config.optimizer().schedule(steps);
      var order = new DataOrder(data.size(), config.trainer().seed());
      var flops = new ModelFlops(base.config());
      while (updates < steps) {
        if (profiles && updates == firstProfiled) {
          device.startProfile();
        }
        step(updates, order, schedule, flops);
        save(steps);
        device.mark("between steps");
      }
    } catch (NonFiniteException e) {
      throw new UserException(
          ExitCode.FAILED,
          e.getMessage()
              + ". Training has stopped. "
              + saves.account(updates)
              + " Lower the learning rate or look for bad rows.",
          e);
    } catch (IOException e) {
      saves.beforeFailure(updates);
      throw e;
    }
  }

  private void save(int steps) {
    if (updates == steps) {
      refuseDestroyed();
      saves.last(updates);
    } else if (updates % config.hfSaveSteps() == 0) {
      refuseDestroyed();
      saves.between(updates);
    }
  }

  /** A step, and the evaluation after it. */
  private void step(int step, DataOrder order, LearningRateSchedule schedule, ModelFlops flops)
      throws IOException {
    base.checkSize();
    var start = System.nanoTime();
    var batch = batch(order, step);
    var loaded = System.nanoTime();
    device.mark("loading");
    var rate = schedule.rate(step);
    var result = trainingStep.run(step, batch, rate, observer::microBatch);
    updates++;
    saves.loss(step, result.loss());
    var end = System.nanoTime();
    var evalLoss = evaluates(updates) ? evaluate() : null;
    var finite = evalLoss == null || Double.isFinite(evalLoss);
    observer.step(
        new StepReport(
            step,
            result,
            rate,
            batch.size(),
            batch.stream().mapToDouble(example -> flops.of(example.tokens().size())).sum(),
            (end - start) * 1e-9,
            (loaded - start) * 1e-9,
            finite ? evalLoss : null));
    if (!finite) {
      throw new NonFiniteException(step, "after its update eval/loss is " + evalLoss);
    }
  }

  private boolean evaluates(int done) {
    var trainer = config.trainer();
    return done % trainer.stepsPerEval() == 0 || done == trainer.numTrainSteps();
  }

  private @Nullable Double evaluate() {
    return evalData == null ? null : (Double) trainingStep.evaluate(evalData, observer::evaluated);
  }

  /** Weights that are no numbers are not worth a folder, and must not look like a result. */
  private void refuseDestroyed() {
    trainingStep
        .destroyedParameter()
        .ifPresent(
            name -> {
              throw new NonFiniteException(
                  updates - 1L, "its update made " + name + " infinite or no number");
            });
  }

  private List<TokenizedExample> batch(DataOrder order, int step) {
    var sizes = config.trainer().trainBatchSize();
    var rows = order.rows(sizes.rowsBefore(step), sizes.at(step));
    var batch = rows.intStream().mapToObj(data::get).toList();
    var mask = config.lossMask();
    if (batch.stream().allMatch(example -> mask.count(example) == 0)) {
      throw UserException.inputFile(
          String.format(
              Locale.ROOT,
              "%s: in the batch of step %d no row has a token to learn: every output was cut off."
                  + " Raise max_tune_length, or shorten the instruction.",
              config.data(),
              step));
    }
    return batch;
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

  private void write(SaveTarget.Kind kind, Path folder) throws IOException {
    try {
      saveAs(kind, folder);
    } catch (NonFiniteTensorException e) {
      // Of the adapter merged in: what is trained itself has been looked at.
      throw new IOException(e.getMessage(), e);
    }
  }

  private void saveAs(SaveTarget.Kind kind, Path folder) throws IOException {
    switch (kind) {
      case MODEL -> SavedModels.saveTrained(folder, base, model, null, inputs.eos());
      case ADAPTER ->
          PeftFormat.save(Objects.requireNonNull(adapter), folder, config.modelNameOrPath());
      case MERGED ->
          SavedModels.saveMerged(
              folder,
              base,
              inputs.tokenizer(),
              Objects.requireNonNull(adapter),
              device,
              null,
              inputs.eos());
    }
  }

  private Saved saved(int steps) {
    return new Saved(
        saves.path(SaveTarget.Kind.MODEL, steps),
        saves.path(SaveTarget.Kind.ADAPTER, steps),
        saves.path(SaveTarget.Kind.MERGED, steps));
  }

  /** Frees everything. */
  @Override
  public void close() throws IOException {
    resources.close();
  }
}
