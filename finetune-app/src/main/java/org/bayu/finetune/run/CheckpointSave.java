package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bayu.finetune.config.RunId;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.model.Outputs;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.remote.files.Found;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.nn.Parameter;
import org.bayu.train.checkpoint.BaseDescription;
import org.bayu.train.checkpoint.Checkpoint;
import org.bayu.train.checkpoint.DamagedCheckpointException;
import org.bayu.train.checkpoint.ModelStore;
import org.bayu.train.files.OutputFolder;
import org.bayu.train.finetune.TrainedModel;
import org.jspecify.annotations.Nullable;

/** Saves the model or the adapter of a checkpoint. */
public final class CheckpointSave implements AutoCloseable {
  private final Checkpoint checkpoint;
  private final Found model;
  private final ModelFolder base;
  private final TrainedModel trained;
  private final Outputs outputs;
  private final Consumer<String> messages;

  private CheckpointSave(
      Checkpoint checkpoint,
      Found model,
      ModelFolder base,
      TrainedModel trained,
      Outputs outputs,
      Consumer<String> messages) {
    this.checkpoint = checkpoint;
    this.model = model;
    this.base = base;
    this.trained = trained;
    this.outputs = outputs;
    this.messages = messages;
  }

  /**
   * Loads the weights of a checkpoint into the model that its run began with.
   *
   * @param path the checkpoint, or a folder of checkpoints
   * @param flags override the run's configuration
   * @param models finds the model
   * @throws UserException if the checkpoint is not whole or the base is another one
   */
  public static CheckpointSave open(
      Path path, List<String> flags, Models models, Consumer<String> messages) throws IOException {
    var checkpoint = RunStart.open("--checkpoint", path, models.files().buckets(), messages);
    var run = checkpoint.info().run();
    if (!RunId.isName(run.id())) {
      throw UserException.inputFile(
          "%s: its run has the name %s, which cannot be a folder's."
              .formatted(checkpoint.folder(), Printable.quote(run.id())));
    }
    var config =
        TrainConfig.ofJson(checkpoint.folder().toString(), run.settings(), flags, models.files());
    var isSame =
        run.settings().path("model_name_or_path").asText().equals(config.modelNameOrPath());
    var model =
        models.model(
            "model_name_or_path",
            config.modelNameOrPath(),
            isSame ? run.base().commit().orElse(null) : null);
    var start = models.adapter("lora.initialize_from", config.initialAdapter());
    var adapter = start == null ? null : start.folder();
    var base = ModelFolder.open(model.folder(), adapter);
    TrainedModel trained = null;
    try {
      var differences =
          run.base().differences(BaseDescription.of(base.checkpoint(), model.commit()));
      if (!differences.isEmpty()) {
        throw UserException.usage(
            "%s: another model than the run began with: %s."
                .formatted(base.checkpoint().folder(), Printable.first(differences, "; ")));
      }
      trained = trained(base, config, adapter);
      checkpoint.loadParameters(trained.parameters());
      return new CheckpointSave(checkpoint, model, base, trained, models.outputs(), messages);
    } catch (DamagedCheckpointException e) {
      closeAfter(base, trained);
      throw UserException.usage(e.getMessage() + ".");
    } catch (Throwable e) {
      closeAfter(base, trained);
      throw e;
    }
  }

  private static TrainedModel trained(ModelFolder base, TrainConfig config, @Nullable Path adapter)
      throws IOException {
    try {
      return new TrainedModel(base, config.adaptation(adapter), config.trainer().seed());
    } catch (IllegalArgumentException e) {
      throw UserException.usage("lora: %s.".formatted(e.getMessage()));
    }
  }

  private static void closeAfter(ModelFolder base, @Nullable TrainedModel trained)
      throws IOException {
    try (base) {
      if (trained != null) {
        trained.close();
      }
    }
  }

  /**
   * Saves in {@code <folder>/<run id>/step-<N>}.
   *
   * @param savePath for what was trained; null for none
   * @param mergedPath for the model with the adapter merged in; null for none
   */
  public void save(@Nullable Path savePath, @Nullable Path mergedPath) throws IOException {
    try (var device = Devices.cpu()) {
      for (var store : stores(savePath, mergedPath, device)) {
        var folder = store.path(checkpoint.info().progress().steps());
        outputs.checkNew(store.key(), folder, "Choose another one.", messages);
        OutputFolder.write(store.key(), folder, () -> store.write(folder));
        outputs.publishModel(store.key(), folder);
        messages.accept("Saved the " + store.kind() + " to " + folder);
      }
    }
  }

  private List<ModelStore> stores(@Nullable Path savePath, @Nullable Path mergedPath, Device device)
      throws IOException {
    var from =
        new ModelStore.Base(base.checkpoint(), base.tokenizerFolder(), base.tokenizer().eosId());
    var id = checkpoint.info().run().id();
    var adapter = trained.adapter();
    var stores = new ArrayList<ModelStore>();
    if (savePath != null) {
      var folder = savePath.resolve(id);
      stores.add(
          adapter == null
              ? new ModelStore.Model(
                  "--hf_save_path", folder, from, trained.model(), Parameter::value)
              : new ModelStore.Adapter(
                  "--hf_save_path",
                  folder,
                  adapter,
                  model.baseName(),
                  model.baseRevision(),
                  Parameter::value));
    }
    if (mergedPath != null) {
      if (adapter == null) {
        throw UserException.usage(
            "--merged_hf_save_path: the run trained all weights, so there is nothing to merge."
                + " Use --hf_save_path.");
      }
      RunInputs.refuseUnmergeable("--merged_hf_save_path", adapter);
      stores.add(
          new ModelStore.Merged(
              "--merged_hf_save_path",
              mergedPath.resolve(id),
              from,
              adapter,
              device,
              Parameter::value));
    }
    return stores;
  }

  @Override
  public void close() throws IOException {
    closeAfter(base, trained);
  }
}
