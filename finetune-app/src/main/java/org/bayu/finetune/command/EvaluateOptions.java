package org.bayu.finetune.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What to evaluate, and how. */
final class EvaluateOptions {
  @Option(names = "--model", required = true, paramLabel = "D", description = "A model folder.")
  String model = "";

  @Option(names = "--adapter", paramLabel = "D", description = "A LoRA adapter folder.")
  @Nullable String adapter;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "F.jsonl",
      description =
          "Rows as train reads them, with its template. Or a data set on the Hub: org/name.")
  Path data = Path.of("");

  @Option(
      names = "--split",
      paramLabel = "S",
      description = "Of a data set on the Hub: train, validation (the default) or test.")
  @Nullable String split;

  @Option(
      names = "--config_path",
      paramLabel = "F.yaml",
      description = "The training's configuration, if it has a template of its own (prompts).")
  @Nullable Path config;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "D",
      description =
          "A new folder for the results. Until it is complete it is D.part. The same command"
              + " continues from there.")
  Path output = Path.of("");

  @Option(
      names = "--run",
      paramLabel = "D",
      description =
          "The folder of the model's run (runs/ID): its trackers get the scores, the predictions"
              + " and the confusion matrix.")
  @Nullable Path run;

  @Option(
      names = "--max_new_tokens",
      defaultValue = "256",
      paramLabel = "N",
      description = "The most tokens of an answer (${DEFAULT-VALUE}).")
  int maxNewTokens;

  @Option(
      names = "--grammar",
      paramLabel = "G",
      description =
          "What answers can be at all: viggo, or a JSON file with functions and attributes.")
  @Nullable Path grammar;

  @Option(
      names = "--compute",
      defaultValue = "bf16",
      paramLabel = "TYPE",
      description = "bf16 or f32 (${DEFAULT-VALUE}).")
  ComputeType compute = ComputeType.BF16;

  @Option(
      names = "--allow_long_prompts",
      description =
          "Evaluate even if more than half of the prompts are longer than the model's"
              + " positions.")
  boolean allowLongPrompts;
}
