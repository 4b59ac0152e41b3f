package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.EvaluatedRun;
import org.bayu.finetune.run.RunRanks;
import org.bayu.finetune.terminal.Progress;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The tutorial's step 3. */
@Command(
    name = "evaluate",
    description =
        "Let a model answer the rows of a JSON Lines file and score its function calls as the"
            + " tutorial does: evaluation.json, predictions.jsonl, mistakes.jsonl and tables.")
final class EvaluateCommand implements Callable<Integer> {
  /** What helps where the processes would not answer the same. */
  static final String DIFFERENT =
      "The processes would not answer the same: model, adapter, data and configuration must be"
          + " equal on all machines, and the processors of one kind.";

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
    if (options != null && !task.compared.isEmpty()) {
      throw new ParameterException(spec.commandLine(), Misuse.both(spec));
    }
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
    return AllProcesses.run(
        runner,
        spec,
        ranks -> {
          try (var models = new Models(runner.environment(), spec.commandLine().getErr())) {
            if (ranks.isWorker()) {
              help(options, models, ranks);
            } else {
              models.outputs().checkNew("--output", options.output, "Choose another one.");
              evaluate(options, models, ranks);
            }
          }
          ranks.finish();
        });
  }

  /** Answers some of the rows for rank 0, and prints and writes nothing. */
  private void help(EvaluateOptions options, Models models, RunRanks ranks) throws IOException {
    var known =
        ranks
            .receive()
            .lines()
            .map(row -> new Answer(Integer.parseInt(row), "", Prediction.End.STOP))
            .toList();
    try (var inputs = EvaluationInputs.open(options, models, spec, ranks.threads())) {
      checkEqual(inputs.settings(), ranks);
      var _ =
          inputs.predict(
              known,
              ranks.communicator(),
              new Predictor.Listener() {
                @Override
                public void step() {
                  inputs.loaded().checkFiles();
                }

                @Override
                public void answer(Answer answer) {}
              });
    }
  }

  /**
   * Tells the other processes which rows are answered, when it is known that the work can begin.
   */
  private static void send(List<Answer> known, RunRanks ranks) {
    ranks.send(
        known.stream()
            .map(answer -> Integer.toString(answer.row()))
            .collect(Collectors.joining("\n")));
  }

  private static void checkEqual(EvaluationSettings settings, RunRanks ranks) {
    if (ranks.differ(settings.toString())) {
      throw UserException.inputFile(DIFFERENT);
    }
  }

  private void evaluate(EvaluateOptions options, Models models, RunRanks ranks) throws IOException {
    var err = spec.commandLine().getErr();
    var evaluated =
        options.run == null
            ? null
            : EvaluatedRun.of("--run", options.run, models.files(), err::println);
    try (var unfinished = UnfinishedEvaluation.open(options.output, err::println);
        var inputs = EvaluationInputs.open(options, models, spec, ranks.threads())) {
      var readable = readable(options, inputs.predictor(), inputs.rows());
      var settings = inputs.settings();
      var known = unfinished.resume(settings, inputs.rows().size());
      if (!known.isEmpty()) {
        err.printf(
            Locale.ROOT,
            "Going on: %,d of %,d rows are answered already.%n",
            known.size(),
            readable);
      }
      send(known, ranks);
      checkEqual(settings, ranks);
      List<Prediction> predictions;
      try (var progress = new Progress("evaluate", readable - known.size(), err)) {
        predictions =
            inputs.predict(
                known,
                ranks.communicator(),
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
                    inputs.loaded().checkFiles();
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
