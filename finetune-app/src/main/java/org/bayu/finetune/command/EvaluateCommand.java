package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bayu.finetune.data.PromptReader;
import org.bayu.finetune.data.PromptReader.Prompt;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.evaluate.Answer;
import org.bayu.finetune.evaluate.ComparisonText;
import org.bayu.finetune.evaluate.Evaluation;
import org.bayu.finetune.evaluate.EvaluationSettings;
import org.bayu.finetune.evaluate.EvaluationText;
import org.bayu.finetune.evaluate.EvaluationTracks;
import org.bayu.finetune.evaluate.MistakesText;
import org.bayu.finetune.evaluate.Prediction;
import org.bayu.finetune.evaluate.Predictor;
import org.bayu.finetune.evaluate.UnfinishedEvaluation;
import org.bayu.finetune.grammar.Grammar;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.EvaluatedRun;
import org.bayu.finetune.terminal.Progress;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.Devices;
import org.bayu.train.data.RowReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
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
            + " tutorial does: evaluation.json, predictions.jsonl, mistakes.jsonl and tables.")
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @ArgGroup(multiplicity = "1")
  private Task task = new Task();

  /** What to do. */
  static final class Task {
    @ArgGroup(exclusive = false)
    private @Nullable EvaluateOptions evaluate;

    @Option(
        names = "--compare",
        arity = "2..*",
        required = true,
        paramLabel = "D",
        description =
            "Evaluate nothing: show the results in these folders (--output of earlier evaluations"
                + " of the same rows) side by side.")
    private List<Path> compared = List.of();
  }

  @Override
  public Integer call() throws IOException {
    var options = task.evaluate;
    if (options == null) {
      compare(task.compared);
      return ExitCode.DONE;
    }
    return evaluate(options);
  }

  private void compare(List<Path> evaluations) throws IOException {
    try (var models = new Models(runner.environment(), spec.commandLine().getErr())) {
      for (var folder : evaluations) {
        models.files().fetched(folder);
      }
    }
    spec.commandLine().getOut().print(ComparisonText.of(evaluations));
  }

  private Integer evaluate(EvaluateOptions options) throws IOException {
    if (options.maxNewTokens < 1) {
      throw UserException.usage(
          "--max_new_tokens must be 1 or more, not " + options.maxNewTokens + ".");
    }
    var err = spec.commandLine().getErr();
    try (var models = new Models(runner.environment(), err)) {
      models.outputs().checkNew("--output", options.output, "Choose another one.");
      evaluate(options, models);
    }
    return ExitCode.DONE;
  }

  private void evaluate(EvaluateOptions options, Models models) throws IOException {
    var err = spec.commandLine().getErr();
    var evaluated =
        options.run == null
            ? null
            : EvaluatedRun.of("--run", options.run, models.files(), err::println);
    try (var unfinished = UnfinishedEvaluation.open(options.output, err::println);
        var loaded = LoadedModel.open(models, spec, options.model, options.adapter);
        var device = Devices.cpu()) {
      var tokenizer = loaded.tokenizer();
      var vocabulary = loaded.model().config().vocabSize();
      var reader = ConfigCommand.rows(options.config, RowReader.Output.REQUIRED, models.files());
      // Prompts of any length: the longer ones are counted.
      var rows =
          new PromptReader(tokenizer, vocabulary, Integer.MAX_VALUE)
              .read(reader, models.rows(options.data, options.split));
      var stopTokens = loaded.stopTokens();
      var grammar =
          options.grammar == null ? null : Grammar.read(models.files().fetched(options.grammar));
      var predictor =
          new Predictor(
              loaded.model(),
              tokenizer,
              options.compute.dtype(),
              stopTokens,
              options.maxNewTokens,
              grammar == null ? null : grammar.constraint(loaded.model(), tokenizer, stopTokens));
      var readable = readable(options, predictor, rows);
      var known =
          unfinished.resume(
              settings(options, grammar, loaded, reader, rows, tokenizer, device), rows.size());
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
      models.outputs().publish("--output", options.output);
      print(options, evaluation, predictions);
      if (evaluated != null) {
        evaluated.add(tracking -> EvaluationTracks.write(evaluation, predictions, tracking));
      }
    }
  }

  /** How many rows have a prompt that the model can read; refuses where these are fewest. */
  private int readable(EvaluateOptions options, Predictor predictor, List<Prompt> rows) {
    var tooLong = (int) rows.stream().filter(row -> !predictor.canRead(row)).count();
    if (tooLong == 0) {
      return rows.size();
    }
    var sentence =
        String.format(
            Locale.ROOT,
            "%s: of %,d prompts %,d are longer than the model's %,d positions.",
            options.data,
            rows.size(),
            tooLong,
            predictor.model().config().maxPositions());
    if (tooLong == rows.size() || (2L * tooLong > rows.size() && !options.allowLongPrompts)) {
      throw UserException.inputFile(
          sentence
              + (tooLong == rows.size()
                  ? " There is nothing to evaluate: shorten the prompts."
                  : " Shorten them, or score the others with --allow_long_prompts."));
    }
    spec.commandLine().getErr().println(sentence + " These rows count as not answered.");
    return rows.size() - tooLong;
  }

  private static EvaluationSettings settings(
      EvaluateOptions options,
      @Nullable Grammar grammar,
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
    settings.put("data", dataDigest(options.data, rows));
    var template = reader.template();
    settings.put(
        "prompts",
        EvaluationSettings.ofTexts(List.of(template.promptInput(), template.promptNoInput())));
    settings.put("special_tokens_in_rows", Boolean.toString(reader.specialTokens()));
    settings.put("max_new_tokens", Integer.toString(options.maxNewTokens));
    settings.put(
        "grammar",
        grammar == null ? "none" : EvaluationSettings.ofTexts(List.of(grammar.source())));
    settings.put("compute", options.compute.name().toLowerCase(Locale.ROOT));
    settings.put("instructions", device.instructions());
    return new EvaluationSettings(settings);
  }

  /** Of the file or, where that can be read once only, as a pipe, of its rows. */
  private static String dataDigest(Path data, List<Prompt> rows) throws IOException {
    return Files.isRegularFile(data)
        ? EvaluationSettings.ofFile(data)
        : EvaluationSettings.ofTexts(
            rows.stream()
                .map(Prompt::row)
                .flatMap(row -> Stream.of(row.prompt().text(), row.output()))
                .toList());
  }

  private void print(EvaluateOptions options, Evaluation evaluation, List<Prediction> predictions) {
    var out = spec.commandLine().getOut();
    out.println(options.adapter == null ? options.model : options.adapter + " on " + options.model);
    out.println();
    out.println(EvaluationText.accuracies(evaluation));
    out.println(EvaluationText.exactness(evaluation));
    var lines = EvaluationText.lines(evaluation);
    lines.forEach(out::println);
    if (!lines.isEmpty()) {
      out.println();
    }
    out.println(EvaluationText.functions(evaluation));
    out.println(EvaluationText.confusions(evaluation));
    out.println(MistakesText.of(evaluation, predictions));
    out.println("Written to " + options.output);
  }
}
