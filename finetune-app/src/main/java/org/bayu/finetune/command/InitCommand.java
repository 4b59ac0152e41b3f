package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.train.files.OutputFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Makes a model of random weights, for measurements and for training from scratch. */
@Command(name = "init", description = "Write a model folder of random weights, of any size.")
final class InitCommand implements Callable<Integer> {
  /** What Transformers initializes a Llama's weights with, unless its configuration says more. */
  private static final double DEVIATION = 0.02;

  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(
      names = "--config",
      required = true,
      paramLabel = "config.json",
      description = "The model's configuration.")
  private Path config;

  @Option(names = "--output", required = true, paramLabel = "D", description = "A new folder.")
  private Path output;

  @Option(
      names = "--tokenizer",
      paramLabel = "D",
      description = "A folder whose tokenizer files are copied.")
  private @Nullable String tokenizer;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "bf16",
      description = "f32, bf16 (default) or f16.")
  private WeightType dtype;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "The same seed gives the same weights.")
  private long seed;

  @Override
  public Integer call() throws IOException {
    try (var models = new Models(runner.environment(), spec.commandLine().getErr())) {
      init(models);
    }
    return ExitCode.DONE;
  }

  private void init(Models models) throws IOException {
    var outputs = models.outputs();
    outputs.checkNew(
        "--output", output, "Choose another one.", spec.commandLine().getErr()::println);
    var model = ConfigJson.read(models.files().fetched(config));
    var companions = companions(models);
    if (tokenizer != null && companions.isEmpty()) {
      throw UserException.inputFile(tokenizer + ": there is no tokenizer in this folder.");
    }
    try (var weights = new RandomWeights(model, dtype.dtype(), DEVIATION, seed)) {
      OutputFolder.write(
          "--output",
          output,
          () -> HfCheckpoint.save(output, model, dtype.dtype(), weights, companions));
    }
    outputs.publishModel("--output", output);
    spec.commandLine()
        .getErr()
        .printf(
            Locale.ROOT,
            "Saved a model of %,d random weights to %s%n",
            model.parameterCount(),
            output);
  }

  private List<Path> companions(Models models) throws IOException {
    return tokenizer == null
        ? List.of()
        : HfCheckpoint.companions(models.settings("--tokenizer", tokenizer).folder());
  }
}
