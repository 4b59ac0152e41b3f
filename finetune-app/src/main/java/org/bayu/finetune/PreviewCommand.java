package org.bayu.finetune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bayu.finetune.data.DataReport;
import org.bayu.finetune.data.LossMask;
import org.bayu.finetune.data.TokenCache;
import org.bayu.finetune.data.TokenizedExample;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows what training would see of the data. */
@Command(
    name = "preview",
    description = {
      "Show the first rows as the model sees them, and which tokens it learns to say: green on a"
          + " terminal, in ⟦ ⟧ elsewhere. The model's folder may hold nothing but a tokenizer."
    })
final class PreviewCommand extends ConfigCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "-n",
      paramLabel = "N",
      defaultValue = "3",
      description = "Rows to show (${DEFAULT-VALUE}).")
  private int rows;

  @Override
  public Integer call() throws IOException {
    var run = load();
    var folder = run.modelFolder();
    var tokenizer = LlamaTokenizer.load(folder);
    var cache = new TokenCache(run.dataCacheDir(), spec.commandLine().getErr()::println);
    var data = cache.load(run.source(run.data(), tokenizer, positions(folder)));
    var out = spec.commandLine().getOut();
    var ansi = Ansi.AUTO.enabled();
    var mask = run.lossMask();
    for (var row = 0; row < Math.min(rows, data.size()); row++) {
      var example = data.get(row);
      out.printf(
          Locale.ROOT,
          "Row %d: %d tokens, %d of the prompt, %d with loss%n",
          row + 1,
          example.tokens().size(),
          example.sourceLength(),
          mask.count(example));
      out.println(
          marked(tokenizer, example, mask, ansi ? "\033[32m" : "⟦", ansi ? "\033[0m" : "⟧"));
      out.println();
    }
    DataReport.lines(data, mask).forEach(out::println);
    return ExitCode.DONE;
  }

  /** The model's greatest length; none where the folder holds nothing but a tokenizer. */
  private static int positions(Path folder) throws IOException {
    var config = folder.resolve(LlamaConfig.FILE_NAME);
    return Files.exists(config) ? LlamaConfig.read(config).maxPositions() : Integer.MAX_VALUE;
  }

  /**
   * The text of an example, with marks around the tokens that have loss when they are predicted.
   */
  private static String marked(
      LlamaTokenizer tokenizer, TokenizedExample example, LossMask mask, String on, String off) {
    var decoder = tokenizer.newDecoder();
    var text = new StringBuilder();
    var tokens = example.tokens();
    for (var i = 0; i < tokens.size(); i++) {
      // Position i − 1 predicts token i.
      text.append(i - 1 == mask.begin(example) && mask.count(example) > 0 ? on : "");
      var id = tokens.getInt(i);
      text.append(tokenizer.isSpecial(id) ? tokenizer.piece(id) : decoder.push(id));
    }
    return text.append(decoder.finish()).append(mask.count(example) > 0 ? off : "").toString();
  }
}
