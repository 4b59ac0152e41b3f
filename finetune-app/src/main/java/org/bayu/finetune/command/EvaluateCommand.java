package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bayu.finetune.config.LocalFiles;
import org.bayu.finetune.data.PromptReader;
import org.bayu.finetune.data.PromptReader.Prompt;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.evaluate.Answer;
import org.bayu.finetune.evaluate.Evaluation;
import org.bayu.finetune.evaluate.EvaluationSettings;
import org.bayu.finetune.evaluate.EvaluationText;
import org.bayu.finetune.evaluate.EvaluationTracks;
import org.bayu.finetune.evaluate.Prediction;
import org.bayu.finetune.evaluate.Predictor;
import org.bayu.finetune.evaluate.UnfinishedEvaluation;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.EvaluatedRun;
import org.bayu.finetune.terminal.Progress;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.Devices;
import org.bayu.train.data.RowReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The tutorial's step 3. */
@Command(
    name = "evaluate",
    description =
        "Let a model answer the rows of a JSON Lines file and score its function calls as the"
            + " tutorial does: evaluation.json, predictions.jsonl and a table.")
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(names = "--model", required = true, paramLabel = "D", description = "A model folder.")
  private String model;

  @Option(names = "--adapter", paramLabel = "D", description = "A LoRA adapter folder.")
  private @Nullable String adapter;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "F.jsonl",
      description =
          "Rows as train reads them, with its template. Or a data set on the Hub: org/name.")
  private Path data;

  @Option(
      names = "--split",
      defaultValue = "validation",
      paramLabel = "S",
      description = "Of a data set on the Hub: train, validation or test (${DEFAULT-VALUE}).")
  private String split;

  @Option(
      names = "--config_path",
      paramLabel = "F.yaml",
      description = "The training's configuration, if it has a template of its own (prompts).")
  private @Nullable Path config;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "D",
      description =
          "A new folder for the results. Until it is complete it is D.part. The same command"
              + " continues from there.")
  private Path output;

  @Option(
      names = "--run",
      paramLabel = "D",
      description =
          "The folder of the model's run (runs/ID): its trackers get the scores, the predictions"
              + " and the confusion matrix.")
  private @Nullable Path run;

  @Option(
      names = "--max_new_tokens",
      defaultValue = "256",
      paramLabel = "N",
      description = "The most tokens of an answer (${DEFAULT-VALUE}).")
  private int maxNewTokens;

  @Option(
      names = "--compute",
      defaultValue = "bf16",
      paramLabel = "TYPE",
      description = "bf16 or f32 (${DEFAULT-VALUE}).")
  private ComputeType compute;

  @Option(
      names = "--allow_long_prompts",
      description =
          "Evaluate even if more than half of the prompts are longer than the model's"
              + " positions.")
  private boolean allowLongPrompts;

  @Override
  public Integer call() throws IOException {
    if (maxNewTokens < 1) {
      throw UserException.usage("--max_new_tokens must be 1 or more, not " + maxNewTokens + ".");
    }
    var err = spec.commandLine().getErr();
    var files = LocalFiles.of(err::println);
    files.checkNew("--output", output, "Choose another one.");
    var evaluated = run == null ? null : EvaluatedRun.of(run, runner.environment(), err::println);
    try (var unfinished = UnfinishedEvaluation.open(output, err::println);
        var models = new Models(runner.environment(), err);
        var loaded = LoadedModel.open(runner, spec, model, adapter);
        var device = Devices.cpu()) {
      var tokenizer = loaded.tokenizer();
      var vocabulary = loaded.model().config().vocabSize();
      var reader = ConfigCommand.rows(config, RowReader.Output.REQUIRED);
      // Prompts of any length: the longer ones are counted.
      var rows =
          new PromptReader(tokenizer, vocabulary, Integer.MAX_VALUE)
              .read(reader, models.rows(data, split));
      var stopTokens = loaded.stopTokens();
      var predictor =
          new Predictor(loaded.model(), tokenizer, compute.dtype(), stopTokens, maxNewTokens);
      var readable = readable(predictor, rows);
      var known = unfinished.resume(settings(loaded, reader, rows, tokenizer, device), rows.size());
      if (!known.isEmpty()) {
        err.printf(
            Locale.ROOT,
            "Going on: %,d of %,d rows are answered already.%n",
            known.size(),
            readable);
      }
      List<Prediction> predictions;
      try (var progress = new Progress("evaluate", readable - known.size(), err)) {
        predictions =
            predictor.predict(
                device,
                rows,
                known,
                new Predictor.Listener() {
                  private long tokens;

                  @Override
                  public void token() {
                    tokens++;
                    progress.show(figure());
                  }

                  private String figure() {
                    return String.format(Locale.ROOT, "%,d tokens", tokens);
                  }

                  @Override
                  public void step() {
                    loaded.checkFiles();
                  }

                  @Override
                  public void answer(Answer answer) throws IOException {
                    unfinished.add(answer);
                    progress.step(figure());
                  }
                });
      }
      var evaluation = unfinished.finish(predictions);
      files.publish("--output", output);
      print(evaluation);
      if (evaluated != null) {
        evaluated.add(tracking -> EvaluationTracks.write(evaluation, predictions, tracking));
      }
      return ExitCode.DONE;
    }
  }

  /** How many rows have a prompt that the model can read; refuses where these are fewest. */
  private int readable(Predictor predictor, List<Prompt> rows) {
    var tooLong = (int) rows.stream().filter(row -> !predictor.canRead(row)).count();
    if (tooLong == 0) {
      return rows.size();
    }
    var sentence =
        String.format(
            Locale.ROOT,
            "%s: of %,d prompts %,d are longer than the model's %,d positions.",
            data,
            rows.size(),
            tooLong,
            predictor.model().config().maxPositions());
    if (tooLong == rows.size() || (2L * tooLong > rows.size() && !allowLongPrompts)) {
      throw UserException.inputFile(
          sentence
              + (tooLong == rows.size()
                  ? " There is nothing to evaluate: shorten the prompts."
                  : " Shorten them, or score the others with --allow_long_prompts."));
    }
    spec.commandLine().getErr().println(sentence + " These rows count as not answered.");
    return rows.size() - tooLong;
  }

  private EvaluationSettings settings(
      LoadedModel loaded,
      RowReader reader,
      List<Prompt> rows,
      LlamaTokenizer tokenizer,
      Device device)
      throws IOException {
    var settings = new LinkedHashMap<String, String>();
    var adapterFolder = loaded.adapterFolder();
    settings.put("model", EvaluationSettings.ofWeights(loaded.folder().checkpoint().folder()));
    settings.put(
        "adapter", adapterFolder == null ? "none" : EvaluationSettings.ofWeights(adapterFolder));
    settings.put("tokenizer", tokenizer.fingerprint());
    settings.put("data", dataDigest(rows));
    var template = reader.template();
    settings.put(
        "prompts",
        EvaluationSettings.ofTexts(List.of(template.promptInput(), template.promptNoInput())));
    settings.put("special_tokens_in_rows", Boolean.toString(reader.specialTokens()));
    settings.put("max_new_tokens", Integer.toString(maxNewTokens));
    settings.put("compute", compute.name().toLowerCase(Locale.ROOT));
    settings.put("instructions", device.instructions());
    return new EvaluationSettings(settings);
  }

  /** Of the file or, where that can be read once only, as a pipe, of its rows. */
  private String dataDigest(List<Prompt> rows) throws IOException {
    return Files.isRegularFile(data)
        ? EvaluationSettings.ofFile(data)
        : EvaluationSettings.ofTexts(
            rows.stream()
                .map(Prompt::row)
                .flatMap(row -> Stream.of(row.prompt().text(), row.output()))
                .toList());
  }

  private void print(Evaluation evaluation) {
    var out = spec.commandLine().getOut();
    out.println(adapter == null ? model : adapter + " on " + model);
    out.println();
    out.println(EvaluationText.accuracies(evaluation));
    var lines = EvaluationText.lines(evaluation);
    lines.forEach(out::println);
    if (!lines.isEmpty()) {
      out.println();
    }
    out.println(EvaluationText.functions(evaluation));
    out.println(EvaluationText.confusions(evaluation));
    out.println("Written to " + output);
  }
}
