package org.bayu.train.finetune;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.Device;
import org.bayu.tensor.Workspace;
import org.bayu.train.Adaptation;
import org.bayu.train.Batches;
import org.bayu.train.MicroBatches;
import org.bayu.train.StepReport;
import org.bayu.train.TokenizedData;
import org.bayu.train.TrainListener;
import org.bayu.train.TrainSettings;
import org.bayu.train.TrainState;
import org.bayu.train.Trainer;
import org.bayu.train.TrainingStep;
import org.bayu.train.checkpoint.SavedModels;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlan;
import org.bayu.train.plan.MemoryPlanner;
import org.bayu.train.plan.RunShape;
import org.jspecify.annotations.Nullable;

/**
 * A fine-tuning, put together: the base's weights, mapped, what is trained of them, and a {@link
 * Trainer} on the data. Each has a model of its own, so several may share a base.
 *
 * <p>Owns the trained values, the adapter and the memory of the steps; base, data and device stay
 * their owners', which close them later. Not thread-safe.
 */
public final class FineTuning implements AutoCloseable {
  private final Resources resources = new Resources();
  private final ModelFolder base;
  private final LlamaModel model;
  private final @Nullable LoraAdapter adapter;
  private final TrainState state;
  private final TrainingStep step;
  private final Trainer trainer;

  private FineTuning(
      ModelFolder base,
      Adaptation adaptation,
      TokenizedData data,
      @Nullable TokenizedData evalData,
      TrainSettings settings,
      MemoryPlan plan,
      Device device)
      throws IOException {
    this.base = base;
    try {
      model = new LlamaModel(base.config(), base.checkpoint().weights());
      model.checkWeights();
      adapter = adaptation.applyTo(model, settings.seed());
      if (adapter == null) {
        var arena = resources.add(Arena.ofShared());
        model.parameters().forEach(parameter -> parameter.train(arena));
      } else {
        resources.add(adapter);
      }
      state = resources.add(new TrainState(model, adapter, device, settings.adamW()));
      var dropout = adapter == null ? 0 : adapter.config().dropout();
      // As large as planned from the start: growing in the first step takes more.
      step =
          resources.add(
              new TrainingStep(
                  state,
                  device,
                  new TrainingStep.Settings(
                      settings.compute(),
                      MicroBatches.of(settings, plan.maxTokens(), dropout),
                      plan.checkpointing(),
                      settings.maxGradNorm(),
                      settings.seed()),
                  new Workspace(plan.workspaceBytes())));
      var batches = new Batches(data, settings.batchSizes(), settings.seed());
      trainer = new Trainer(state, batches, evalData, step, settings, device);
      trainer.listen(new SizeCheck());
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  /**
   * Plans the memory, allocates it, and is ready to train.
   *
   * @param base stays open as long as this object
   * @param data rows that have loss, at least one: {@link TokenizedData#withLoss}
   * @param evalData rows of the evaluations; null for none
   * @throws IllegalArgumentException if the model has none of the layers that the adapter is for
   * @throws IOException if a stored adapter cannot be read
   * @throws org.bayu.train.TrainException if the run does not fit into the machine's memory
   */
  public static FineTuning open(
      ModelFolder base,
      Adaptation adaptation,
      TokenizedData data,
      @Nullable TokenizedData evalData,
      TrainSettings settings,
      Device device)
      throws IOException {
    var shape = RunShape.of(base.checkpoint(), adaptation, settings.seed());
    var machine = MachineMemory.current();
    var planner = new MemoryPlanner(settings, shape, data, evalData, false, machine);
    var plan = planner.plan();
    planner.check(plan);
    return planned(base, adaptation, data, evalData, settings, plan, device);
  }

  /** The same with a plan that was made before. */
  public static FineTuning planned(
      ModelFolder base,
      Adaptation adaptation,
      TokenizedData data,
      @Nullable TokenizedData evalData,
      TrainSettings settings,
      MemoryPlan plan,
      Device device)
      throws IOException {
    return new FineTuning(base, adaptation, data, evalData, settings, plan, device);
  }

  /** Trains. */
  public Trainer trainer() {
    return trainer;
  }

  /** What training changes. */
  public TrainState state() {
    return state;
  }

  /** Makes the updates. */
  public TrainingStep step() {
    return step;
  }

  /** The model with what was trained so far, to generate with. */
  public LlamaModel model() {
    return model;
  }

  /** The adapter; null where all weights are trained. */
  public @Nullable LoraAdapter adapter() {
    return adapter;
  }

  /**
   * Saves what is trained, as it is now: the adapter as PEFT does, or the whole model as
   * Transformers does.
   *
   * @param folder a new one: it is written whole, or not at all
   * @throws IOException if the folder exists and is not empty, or cannot be written
   */
  public void save(Path folder) throws IOException {
    if (adapter != null) {
      PeftFormat.save(adapter, folder, base.checkpoint().folder().toString());
    } else {
      SavedModels.saveTrained(folder, base.checkpoint(), model, null, base.tokenizer().eosId());
    }
  }

  /** Frees what is trained, with all that the steps needed. */
  @Override
  public void close() throws IOException {
    resources.close();
  }

  /** Refuses weights whose files were cut short: Java would die of reading behind their end. */
  private final class SizeCheck implements TrainListener {
    @Override
    public void stepBegins(int number) throws IOException {
      base.checkpoint().checkSize();
    }

    @Override
    public void step(StepReport report) {}
  }
}
