package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.llama.tokenizer.EncodeOption;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.train.data.BadRowException;
import org.bayu.train.data.RowFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows what a tokenizer makes of texts. */
@Command(
    name = "tokenize",
    description = "Print the token ids of each line's text, one JSON array on each line.")
final class TokenizeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(
      names = "--tokenizer",
      required = true,
      paramLabel = "D",
      description = "A folder with tokenizer.json, which is preferred, or tokenizer.model.")
  private String tokenizerName;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "F.jsonl",
      description = "JSON Lines of {\"text\": \"...\"}, plain or gzip.")
  private Path input;

  @Option(names = "--bos", description = "Begin with the beginning-of-sequence token.")
  private boolean bos;

  @Override
  public Integer call() throws IOException {
    var err = spec.commandLine().getErr();
    Path tokenizerFolder;
    try (var models = new Models(runner.environment(), err)) {
      tokenizerFolder = models.settings("--tokenizer", tokenizerName).folder();
      models.files().fetched(input);
    }
    var tokenizer = LlamaTokenizer.load(tokenizerFolder);
    tokenizer.notes().forEach(note -> err.println(tokenizerFolder + ": " + note));
    if (bos && tokenizer.bosId().isEmpty()) {
      throw UserException.usage(
          tokenizerFolder + ": the tokenizer has no beginning-of-sequence token; leave --bos out.");
    }
    var out = spec.commandLine().getOut();
    RowFile.read(
        input,
        RowFile.Text.JSON_LINES,
        row -> {
          var text = row.path("text").textValue();
          if (text == null) {
            throw new BadRowException("the field 'text' is missing or no text");
          }
          var ids = bos ? tokenizer.encode(text, EncodeOption.BOS) : tokenizer.encode(text);
          out.println(ids.toString().replace(" ", ""));
        });
    return ExitCode.DONE;
  }
}
