package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.llama.LlamaModel;
import org.bayu.lora.LoraAdapter;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.tensor.nn.Parameter;
import org.bayu.train.checkpoint.ModelStore;
import org.bayu.train.checkpoint.SaveSpace;
import org.bayu.train.checkpoint.Saves;
import org.bayu.train.finetune.FineTuning;
import org.jspecify.annotations.Nullable;

/** The saves that a configuration asks for: what, where and how often. */
public record RunSaves(TrainConfig config, RunInputs inputs) {
  /**
   * Refuses places that cannot be written to or hold one of the saves already, unless this very run
   * made them before it was interrupted: those are replaced.
   *
   * @param messages takes a line where something of others was left there
   * @throws org.bayu.train.TrainException if so
   */
  static void check(RunStart start, Consumer<String> messages) throws IOException {
    var before = start.before();
    var config = start.config();
    check(
        start,
        "hf_save_path",
        config.hfSavePath(),
        before == null ? null : before.hfSavePath(),
        messages);
    check(
        start,
        "merged_hf_save_path",
        config.mergedHfSavePath(),
        before == null ? null : before.mergedHfSavePath(),
        messages);
  }

  private static void check(
      RunStart start,
      String key,
      @Nullable Path path,
      @Nullable Path before,
      Consumer<String> messages)
      throws IOException {
    if (path == null || (before != null && isSame(path, before))) {
      return;
    }
    var config = start.config();
    var folder = path.resolve(config.trainer().runId());
    var steps = config.trainer().numTrainSteps();
    var outputs = start.models().outputs();
    var first = Saves.existing(folder, config.hfSaveSteps(), steps, outputs.buckets());
    outputs.checkNew(
        key,
        first.orElse(folder.resolve(ModelStore.name(steps))),
        "Choose another folder or another trainer.id.",
        messages);
  }

  private static boolean isSame(Path path, Path other) {
    return path.toAbsolutePath().normalize().equals(other.toAbsolutePath().normalize());
  }

  /**
   * What the saves that are still to be made take, beside what is free where they go.
   *
   * @param firstStep the step that the run does first, from 0
   * @param remote knows what is elsewhere
   */
  public SaveSpace space(int firstStep, Device device, RemoteFiles remote) throws IOException {
    var shape = inputs.shape();
    var between = (config.trainer().numTrainSteps() - 1) / config.hfSaveSteps();
    var saves = Math.max(0, between - firstStep / config.hfSaveSteps()) + 1;
    var stores = stores(shape.model(), shape.adapter(), device, Parameter::value);
    return SaveSpace.of(stores, saves, remote);
  }

  /** The saves of what is trained. */
  Saves of(FineTuning tuning, Device device, RunStart start, Consumer<String> messages)
      throws IOException {
    var id = config.trainer().runId();
    var run = config.trainer().outputDir().resolve(id);
    var temporary = Path.of(System.getProperty("java.io.tmpdir"));
    var model = tuning.model();
    var adapter = tuning.adapter();
    Function<Parameter, Tensor> whole = tuning.state()::whole;
    return new Saves(
        stores(model, adapter, device, whole),
        trained("trainer.output_dir", run, model, adapter, whole),
        List.of(run, temporary.resolve("bayu-" + id)),
        start.models().files().buckets(),
        start.isKnown(),
        messages);
  }

  private List<ModelStore> stores(
      LlamaModel model,
      @Nullable LoraAdapter adapter,
      Device device,
      Function<Parameter, Tensor> whole)
      throws IOException {
    var stores = new ArrayList<ModelStore>();
    var id = config.trainer().runId();
    if (config.hfSavePath() != null) {
      var folder = config.hfSavePath().resolve(id);
      stores.add(trained("hf_save_path", folder, model, adapter, whole));
    }
    if (config.mergedHfSavePath() != null) {
      var merged = config.mergedHfSavePath().resolve(id);
      stores.add(
          new ModelStore.Merged(
              "merged_hf_save_path",
              merged,
              base(),
              Objects.requireNonNull(adapter),
              device,
              whole));
    }
    return stores;
  }

  /** All that is trained, in the least space. */
  private ModelStore trained(
      String key,
      Path folder,
      LlamaModel model,
      @Nullable LoraAdapter adapter,
      Function<Parameter, Tensor> whole)
      throws IOException {
    var base = inputs.model();
    return adapter == null
        ? new ModelStore.Model(key, folder, base(), model, whole)
        : new ModelStore.Adapter(key, folder, adapter, base.baseName(), base.baseRevision(), whole);
  }

  private ModelStore.Base base() throws IOException {
    var base = inputs.base();
    return new ModelStore.Base(base.checkpoint(), base.tokenizerFolder(), inputs.eos());
  }
}
