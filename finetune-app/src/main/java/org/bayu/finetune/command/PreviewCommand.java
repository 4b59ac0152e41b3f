package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.data.DataReport;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.model.Models;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.train.data.ExampleText;
import org.bayu.train.data.TokenCache;
import org.bayu.train.data.UnknownTokens;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows what training would see of the data. */
@Command(
    name = "preview",
    description = {
      "Show the first rows as the model sees them. The tokens that it learns to produce are green"
          + " on a terminal, and in ⟦ ⟧ elsewhere. Special tokens are reversed on a terminal, and"
          + " in ⟨ ⟩ elsewhere; what only looks like one is text. A folder with a tokenizer"
          + " suffices as the model."
    })
final class PreviewCommand extends ConfigCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(
      names = "-n",
      paramLabel = "N",
      defaultValue = "3",
      description = "Rows to show (${DEFAULT-VALUE}).")
  private int rows;

  @Override
  public Integer call() throws IOException {
    try (var models = new Models(runner.environment(), spec.commandLine().getErr())) {
      preview(load(models.files()), models);
    }
    return ExitCode.DONE;
  }

  private void preview(TrainConfig run, Models models) throws IOException {
    var folder = models.settings("model_name_or_path", run.modelNameOrPath()).folder();
    var start = run.initialAdapter();
    var adapter = start == null ? null : models.settings("lora.initialize_from", start).folder();
    var tokenizer = LlamaTokenizer.load(folder, adapter);
    var place = LlamaTokenizer.folder(folder, adapter);
    var config = folder.resolve(ConfigJson.FILE_NAME);
    var model = Files.exists(config) ? ConfigJson.read(config) : null;
    var err = spec.commandLine().getErr();
    tokenizer.notes().forEach(note -> err.println(place + ": " + note));
    var rowFile = models.rows(run.data(), "train");
    var source =
        run.source(rowFile, tokenizer, model == null ? Integer.MAX_VALUE : model.maxPositions());
    var data =
        new TokenCache(run.dataCacheDir(), err::println, models.files().buckets()).load(source);
    var unknown =
        model == null
            ? List.<String>of()
            : UnknownTokens.check(run.data(), data, tokenizer, model.vocabSize());
    var out = spec.commandLine().getOut();
    var mask = run.lossMask();
    var text = new ExampleText(tokenizer, Ansi.AUTO.enabled());
    for (var row = 0; row < Math.min(rows, data.size()); row++) {
      var example = data.get(row);
      out.println(
          String.format(
              Locale.ROOT,
              "Row %d: %d tokens, %d of the prompt, %d with loss",
              row + 1,
              example.tokens().size(),
              example.sourceLength(),
              mask.count(example)));
      out.println(text.of(example, mask));
      out.println();
    }
    DataReport.lines(data, mask, source.limit()).forEach(out::println);
    unknown.forEach(out::println);
  }
}
