package org.bayu.finetune.train;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.bayu.finetune.UserException;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.data.DataOrder;
import org.bayu.finetune.data.TokenizedData;
import org.bayu.finetune.data.TokenizedExample;
import org.bayu.finetune.memory.MachineMemory;
import org.bayu.llama.HfCheckpoint;
import org.bayu.llama.LlamaModel;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.Device;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.nn.Parameter;
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
  private final Consumer<String> messages;
  private final Arena arena = Arena.ofShared();
  private final Device device = Device.cpu();
  private final RunInputs inputs;
  private final HfCheckpoint base;
  private final LlamaModel model;
  private final @Nullable LoraAdapter adapter;
  private final TokenizedData data;
  private final @Nullable TokenizedData evalData;
  private final MemoryPlan plan;
  private final TrainingStep trainingStep;
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
    this.messages = messages;
    var steps = config.trainer().numTrainSteps();
    checkTarget("hf_save_path", savePath(config.hfSavePath(), steps));
    checkTarget("merged_hf_save_path", savePath(config.mergedHfSavePath(), steps));
    if (config.hfSavePath() == null && config.mergedHfSavePath() == null) {
      messages.accept("Nothing will be saved: give hf_save_path to keep what is trained.");
    }
    inputs = RunInputs.open(config, messages);
    base = inputs.base();
    data = inputs.data();
    evalData = inputs.evalData();
    // Before anything is allocated that the plan is about.
    var machine = MachineMemory.current();
    var planner = new MemoryPlanner(config, inputs, machine);
    plan = planner.plan();
    planner.check(plan);
    new PlanText(plan, machine).summary().forEach(messages);
    observer.planned(MemoryPlanner.resolved(config, plan));
    model = new LlamaModel(base.config(), base.weights());
    var lora = config.lora();
    adapter = lora == null ? null : RunShape.adapter(model, lora, config.trainer().seed());
    if (adapter == null) {
      model.parameters().forEach(parameter -> parameter.train(arena));
    }
    // As large as planned from the start: growing in the first step takes more.
    trainingStep =
        new TrainingStep(model, adapter, device, settings(), new Workspace(plan.workspaceBytes()));
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
   * @throws UserException if no row of a batch has a token to learn
   */
  public Saved run() throws IOException {
    var trainer = config.trainer();
    var steps = trainer.numTrainSteps();
    var schedule = config.optimizer().schedule(steps);
    var order = new DataOrder(data.size(), trainer.seed());
    var flops = new ModelFlops(base.config());
    var frozen = model.parameters().stream().mapToLong(p -> p.value().elements()).sum();
    var trainable =
        model.parameters().stream()
            .filter(Parameter::trainable)
            .mapToLong(p -> p.value().elements())
            .sum();
    var peak = device.peakGflops(trainer.mp().compute());
    observer.start(frozen, trainable, peak);
    var firstProfiled = steps > WARM_UP_STEPS ? WARM_UP_STEPS : 0;
    for (var step = 0; step < steps; step++) {
      if (profiles && step == firstProfiled) {
        device.startProfile();
      }
      base.checkSize();
      var start = System.nanoTime();
      var batch = batch(order, step);
      var loaded = System.nanoTime();
      device.mark("loading");
      var rate = schedule.rate(step);
      var result = trainingStep.run(step, batch, rate);
      var end = System.nanoTime();
      var done = step + 1;
      var evaluates = done % trainer.stepsPerEval() == 0 || done == steps;
      observer.step(
          new StepReport(
              step,
              result,
              rate,
              batch.size(),
              batch.stream().mapToDouble(example -> flops.of(example.tokens().size())).sum(),
              (end - start) * 1e-9,
              (loaded - start) * 1e-9,
              evalData != null && evaluates ? (Double) trainingStep.evaluate(evalData) : null));
      if (done % config.hfSaveSteps() == 0 && done < steps) {
        save(done);
      }
      device.mark("between steps");
    }
    profile = new StepProfile(device.profile(), steps - firstProfiled, device.threads(), peak);
    return save(steps);
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

  private @Nullable Path savePath(@Nullable Path folder, int step) {
    return folder == null ? null : folder.resolve(config.trainer().id()).resolve("step-" + step);
  }

  /** What would fail when the training is done is refused before it begins. */
  private static void checkTarget(String key, @Nullable Path folder) {
    if (folder == null) {
      return;
    }
    if (Files.exists(folder)) {
      throw UserException.usage(
          "%s: %s exists already. Choose another folder or another trainer.id."
              .formatted(key, folder));
    }
    var ancestor = folder.toAbsolutePath().getParent();
    while (ancestor != null && Files.notExists(ancestor)) {
      ancestor = ancestor.getParent();
    }
    if (ancestor == null || !Files.isDirectory(ancestor) || !Files.isWritable(ancestor)) {
      throw UserException.failed(
          "%s: %s cannot be written, because %s is not a folder that can. Choose another one."
              .formatted(key, folder, ancestor));
    }
  }

  private Saved save(int step) throws IOException {
    var path = savePath(config.hfSavePath(), step);
    var mergedPath = savePath(config.mergedHfSavePath(), step);
    if (path != null) {
      Files.createDirectories(path.toAbsolutePath().getParent());
      if (adapter == null) {
        SavedModels.saveTrained(path, base, model, null, inputs.eos());
        messages.accept("Saved the model to " + path);
      } else {
        PeftFormat.save(adapter, path, config.modelNameOrPath());
        messages.accept("Saved the adapter to " + path);
      }
    }
    if (mergedPath != null && adapter != null) {
      Files.createDirectories(mergedPath.toAbsolutePath().getParent());
      SavedModels.saveMerged(mergedPath, base, adapter, device, null, inputs.eos());
      messages.accept("Saved the merged model to " + mergedPath);
    }
    return new Saved(adapter == null ? path : null, adapter == null ? null : path, mergedPath);
  }

  /** Frees everything. */
  @Override
  public void close() throws IOException {
    trainingStep.close();
    if (adapter != null) {
      adapter.close();
    }
    arena.close();
    device.close();
    inputs.close();
  }
}
