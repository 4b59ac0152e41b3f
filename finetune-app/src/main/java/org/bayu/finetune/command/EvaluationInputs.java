package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.bayu.collectives.Communicator;
import org.bayu.finetune.data.PromptReader;
import org.bayu.finetune.data.PromptReader.Prompt;
import org.bayu.finetune.evaluate.Answer;
import org.bayu.finetune.evaluate.EvaluationSettings;
import org.bayu.finetune.evaluate.Prediction;
import org.bayu.finetune.evaluate.Predictor;
import org.bayu.finetune.grammar.Grammar;
import org.bayu.finetune.model.Models;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.Devices;
import org.bayu.train.data.RowReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** What an evaluation works on: a model that answers, and rows. */
record EvaluationInputs(
    EvaluateOptions options,
    LoadedModel loaded,
    Device device,
    RowReader reader,
    List<Prompt> rows,
    @Nullable Grammar grammar,
    Predictor predictor)
    implements AutoCloseable {

  /**
   * Opens what the options name.
   *
   * @param threads to compute with
   */
  static EvaluationInputs open(
      EvaluateOptions options, Models models, CommandSpec spec, int threads) throws IOException {
    var loaded = LoadedModel.open(models, spec, options.model, options.adapter);
    try {
      return of(options, models, loaded, Devices.cpu(threads));
    } catch (Throwable e) {
      loaded.close();
      throw e;
    }
  }

  private static EvaluationInputs of(
      EvaluateOptions options, Models models, LoadedModel loaded, Device device)
      throws IOException {
    try {
      var tokenizer = loaded.tokenizer();
      var model = loaded.model();
      var reader = ConfigCommand.rows(options.config, RowReader.Output.REQUIRED, models.files());
      // Prompts of any length: the longer ones are counted.
      var rows =
          new PromptReader(tokenizer, model.config().vocabSize(), Integer.MAX_VALUE)
              .read(reader, models.rows(options.data, options.split, "validation"));
      var stopTokens = loaded.stopTokens();
      var grammar =
          options.grammar == null ? null : Grammar.read(models.files().fetched(options.grammar));
      var constraint = grammar == null ? null : grammar.constraint(model, tokenizer, stopTokens);
      var predictor =
          new Predictor(
              model,
              tokenizer,
              options.compute.dtype(),
              stopTokens,
              options.maxNewTokens,
              constraint);
      return new EvaluationInputs(options, loaded, device, reader, rows, grammar, predictor);
    } catch (Throwable e) {
      device.close();
      throw e;
    }
  }

  /** A prediction for each row, as {@link Predictor#predict} has them. Collective. */
  List<Prediction> predict(List<Answer> known, Communicator ranks, Predictor.Listener listener)
      throws IOException {
    return predictor.predict(device, rows, known, ranks, listener);
  }

  /** What the answers follow from. Reads the weights through. */
  EvaluationSettings settings() throws IOException {
    var settings = new LinkedHashMap<String, String>();
    var adapterFolder = loaded.adapterFolder();
    settings.put("model", EvaluationSettings.ofWeights(loaded.folder().checkpoint().folder()));
    settings.put(
        "adapter", adapterFolder == null ? "none" : EvaluationSettings.ofWeights(adapterFolder));
    settings.put("tokenizer", predictor.tokenizer().fingerprint());
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

  @Override
  public void close() throws IOException {
    try (loaded) {
      device.close();
    }
  }
}
