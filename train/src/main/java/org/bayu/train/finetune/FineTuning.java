package org.bayu.train.finetune;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import org.bayu.collectives.Communicator;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.ModelPart;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.Device;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.optim.Shard;
import org.bayu.train.Adaptation;
import org.bayu.train.Batches;
import org.bayu.train.GroupSum;
import org.bayu.train.MicroBatches;
import org.bayu.train.ProcessGroups;
import org.bayu.train.StepReport;
import org.bayu.train.TokenizedData;
import org.bayu.train.TrainListener;
import org.bayu.train.TrainSettings;
import org.bayu.train.TrainState;
import org.bayu.train.Trainer;
import org.bayu.train.TrainingStep;
import org.bayu.train.checkpoint.BaseDescription;
import org.bayu.train.checkpoint.DataDescription;
import org.bayu.train.checkpoint.RunDescription;
import org.bayu.train.checkpoint.SavedModels;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlan;
import org.bayu.train.plan.MemoryPlanner;
import org.bayu.train.plan.RunShape;
import org.jspecify.annotations.Nullable;

/**
 * A fine-tuning: a model on the base's mapped weights, what is trained, and a {@link Trainer} on
 * the data. Each fine-tuning has its own model, so several may share a base.
 *
 * <p>Owns the trained values, the adapter and the memory of the steps. It does not own base, data
 * and device: close them after this object. Not thread-safe, except {@link Trainer#stop}.
 */
public final class FineTuning implements AutoCloseable {
  private final Resources resources = new Resources();
  private final ModelFolder base;
  private final TokenizedData data;
  private final MemoryPlan plan;
  private final Device device;
  private final TrainedModel trained;
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
      Device device,
      ProcessGroups groups)
      throws IOException {
    this.base = base;
    this.data = data;
    this.plan = plan;
    this.device = device;
    try {
      var part = part(groups.model());
      var shard = new Shard(groups.data().rank(), groups.data().size());
      trained =
          resources.add(
              new TrainedModel(base, adaptation, settings.seed(), part, shard, settings.compute()));
      var adapter = trained.adapter();
      state =
          resources.add(
              new TrainState(
                  trained.model(), adapter, device, settings.adamW(), settings.seed(), groups));
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
                      plan.recomputed(),
                      settings.maxGradNorm(),
                      settings.seed(),
                      !settings.crashOnNan(),
                      plan.gradientParts()),
                  new Workspace(plan.workspaceBytes())));
      var batches = new Batches(data, settings.batchSizes(), settings.seed());
      trainer = new Trainer(state, batches, evalData, step, settings, device);
      trainer.listen(new SizeCheck());
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  private ModelPart part(Communicator group) {
    return group.size() == 1
        ? ModelPart.WHOLE
        : new ModelPart(group.rank(), group.size(), resources.add(new GroupSum(group, device)));
  }

  /**
   * Plans the memory and allocates it. The result is ready to train.
   *
   * @param base must stay open as long as the result
   * @param data at least one row; all rows should have loss: see {@link TokenizedData#withLoss}
   * @param evalData rows of the evaluations; null for none
   * @throws IllegalArgumentException if the model has none of the adapter's layers
   * @throws IOException if a stored adapter cannot be read
   * @throws org.bayu.train.TrainException if the run does not fit into the free memory
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

  /** The same with a given plan, which is not checked. */
  public static FineTuning planned(
      ModelFolder base,
      Adaptation adaptation,
      TokenizedData data,
      @Nullable TokenizedData evalData,
      TrainSettings settings,
      MemoryPlan plan,
      Device device)
      throws IOException {
    return distributed(
        base, adaptation, data, evalData, settings, plan, device, ProcessGroups.alone());
  }

  /**
   * The same by several processes. All call it with the same model, data, settings and plan, and
   * then train to the same step: each group computes some of the micro-batches of a batch, and all
   * make the same update. If a group has several processes, each has its part of the model. Where
   * all weights are trained, the optimizer's moments are divided among the processes that have the
   * same part. Rank 0 alone writes checkpoints and saves, between steps or after the last one; then
   * all call {@link TrainState#proceed}.
   *
   * @param groups the processes; remain the caller's
   * @throws IllegalArgumentException if the model cannot be divided so
   */
  public static FineTuning distributed(
      ModelFolder base,
      Adaptation adaptation,
      TokenizedData data,
      @Nullable TokenizedData evalData,
      TrainSettings settings,
      MemoryPlan plan,
      Device device,
      ProcessGroups groups)
      throws IOException {
    return new FineTuning(base, adaptation, data, evalData, settings, plan, device, groups);
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

  /**
   * The model in its current state, for example to generate with. If several processes hold it
   * together, all of them must do so.
   */
  public LlamaModel model() {
    return trained.model();
  }

  /** The adapter; null where all weights are trained. */
  public @Nullable LoraAdapter adapter() {
    return trained.adapter();
  }

  /**
   * Describes this run for its checkpoints. Reads the data through once.
   *
   * @param id the run's name
   * @param settings what the caller wants to compare before it goes on from a checkpoint; an object
   */
  public RunDescription description(String id, JsonNode settings) throws IOException {
    var adapter = trained.adapter();
    return RunDescription.of(
        id,
        settings,
        adapter == null ? null : adapter.config(),
        DataDescription.of(data),
        BaseDescription.of(base.checkpoint()),
        new RunDescription.Cut(plan.maxTokens(), plan.recomputed() > 0),
        device.instructions());
  }

  /**
   * Saves what has been trained so far: the adapter in PEFT's layout, or the whole model in
   * Transformers'. Of several processes rank 0 calls it, see {@link TrainState#proceed}.
   *
   * @param folder new or empty; written whole or not at all
   * @throws IOException if the folder exists and is not empty, or cannot be written
   */
  public void save(Path folder) throws IOException {
    var adapter = trained.adapter();
    if (adapter != null) {
      var name = base.checkpoint().folder().toString();
      PeftFormat.save(adapter, folder, name, null, state::whole);
    } else {
      var eos = base.tokenizer().eosId();
      SavedModels.saveTrained(folder, base.checkpoint(), model(), null, eos, state::whole);
    }
  }

  /** Frees the trained values and the memory of the steps. */
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
