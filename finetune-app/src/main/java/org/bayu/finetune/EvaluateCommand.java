package org.bayu.finetune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bayu.finetune.data.PromptReader;
import org.bayu.finetune.data.RowReader;
import org.bayu.finetune.evaluate.Evaluation;
import org.bayu.finetune.evaluate.EvaluationText;
import org.bayu.finetune.evaluate.Prediction;
import org.bayu.finetune.evaluate.Predictor;
import org.bayu.finetune.track.Progress;
import org.bayu.tensor.Device;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The tutorial's step 3. */
@Command(
    name = "evaluate",
    description =
        "Let a model answer the rows of a JSON Lines file and score its function calls as the"
            + " tutorial does: evaluation.json, predictions.jsonl and a table.")
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--model", required = true, paramLabel = "D", description = "A model folder.")
  private Path model;

  @Option(names = "--adapter", paramLabel = "D", description = "A LoRA adapter folder.")
  private @Nullable Path adapter;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "F.jsonl",
      description = "Rows as train reads them, with its template.")
  private Path data;

  @Option(
      names = "--config_path",
      paramLabel = "F.yaml",
      description = "The training's configuration, where it has prompts: the template.")
  private @Nullable Path config;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "D",
      description = "A folder for the results; made if missing.")
  private Path output;

  @Option(
      names = "--max_new_tokens",
      defaultValue = "256",
      paramLabel = "N",
      description = "At most so many tokens an answer (${DEFAULT-VALUE}).")
  private int maxNewTokens;

  @Option(
      names = "--compute",
      defaultValue = "bf16",
      paramLabel = "TYPE",
      description = "bf16 or f32 (${DEFAULT-VALUE}).")
  private ComputeType compute;

  @Override
  public Integer call() throws IOException {
    if (maxNewTokens < 1) {
      throw UserException.usage("--max_new_tokens must be 1 or more, not " + maxNewTokens + ".");
    }
    if (Files.exists(output.resolve(Evaluation.FILE_NAME))) {
      throw UserException.usage(
          "%s: holds an evaluation already. Choose another --output.".formatted(output));
    }
    var reader = ConfigCommand.rows(config, RowReader.Output.REQUIRED);
    try (var loaded = LoadedModel.open(model, adapter, spec.commandLine().getErr()::println);
        var device = Device.cpu()) {
      var tokenizer = loaded.tokenizer();
      var vocabulary = loaded.model().config().vocabSize();
      var rows = new PromptReader(reader, tokenizer, vocabulary).read(data);
      var predictor =
          new Predictor(
              loaded.model(),
              tokenizer,
              compute.dtype(),
              loaded.stopTokens(tokenizer),
              maxNewTokens);
      List<Prediction> predictions;
      try (var progress = new Progress("evaluate", rows.size(), spec.commandLine().getErr())) {
        predictions = predictor.predict(device, rows, () -> progress.step(""));
      }
      var evaluation = Evaluation.write(output, predictions);
      var out = spec.commandLine().getOut();
      out.println(EvaluationText.accuracies(Map.of(name(), evaluation)));
      out.println(EvaluationText.functions(evaluation));
      out.println(EvaluationText.confusionMatrix(evaluation));
      out.println("Written to " + output);
      return ExitCode.DONE;
    }
  }

  private String name() {
    return String.valueOf((adapter == null ? model : adapter).getFileName());
  }
}
