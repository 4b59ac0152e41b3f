package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.nn.Parameter;
import org.bayu.train.checkpoint.SavedModels;
import org.bayu.train.files.OutputFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** One model folder of a base and an adapter, or of a model in another type. */
@Command(
    name = "merge",
    description = {
      "Merge an adapter into its base: one model folder.",
      "Without --adapter: write the model in the type of --dtype."
    })
final class MergeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(names = "--model", required = true, paramLabel = "D", description = "The base.")
  private String model;

  @Option(names = "--adapter", paramLabel = "D", description = "The adapter.")
  private @Nullable String adapter;

  @Option(names = "--output", required = true, paramLabel = "D", description = "A new folder.")
  private Path output;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "f32, bf16 or f16; the base's if not given.")
  private @Nullable WeightType dtype;

  @Override
  public Integer call() throws IOException {
    if (adapter == null && dtype == null) {
      throw UserException.usage("merge: give --adapter, --dtype or both.");
    }
    var err = spec.commandLine().getErr();
    try (var models = new Models(runner.environment(), err)) {
      models.outputs().checkNew("--output", output, "Choose another one.", err::println);
      merge(models);
      models.outputs().publishModel("--output", output);
    }
    err.println("Saved the " + (adapter == null ? "" : "merged ") + "model to " + output);
    return ExitCode.DONE;
  }

  private void merge(Models models) throws IOException {
    try (var loaded = LoadedModel.open(models, spec, model, adapter);
        var device = Devices.cpu()) {
      var eos = eos(loaded);
      OutputFolder.write("--output", output, () -> save(loaded, device, eos));
    } catch (UnsupportedOperationException e) {
      throw UserException.usage(e.getMessage() + ".");
    }
  }

  private void save(LoadedModel loaded, Device device, OptionalInt eos) throws IOException {
    var base = loaded.folder().checkpoint();
    var merged = loaded.adapter();
    var type = dtype == null ? null : dtype.dtype();
    if (merged == null) {
      HfCheckpoint.save(output, base, type, eos, name -> base.weights().tensor(name));
    } else {
      SavedModels.saveMerged(
          output,
          base,
          loaded.folder().tokenizerFolder(),
          merged,
          device,
          type,
          eos,
          Parameter::value);
    }
  }

  /** What the texts of the training ended with, as far as the base's tokenizer can be read. */
  private OptionalInt eos(LoadedModel loaded) throws IOException {
    try {
      return loaded.tokenizer().eosId();
    } catch (NoSuchFileException e) {
      return OptionalInt.empty();
    } catch (MalformedFileException e) {
      if (!loaded.folder().tokenizerFolder().equals(loaded.folder().checkpoint().folder())) {
        throw e; // the adapter's own would be saved with the model
      }
      spec.commandLine()
          .getErr()
          .println(
              e.getMessage()
                  + ". The saved generation_config.json names only the base's tokens that end a"
                  + " text.");
      return OptionalInt.empty();
    }
  }
}
