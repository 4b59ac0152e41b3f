package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.llama.tokenizer.SentencePieceTrainer;
import org.bayu.train.data.BadRowException;
import org.bayu.train.data.RowFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Makes a tokenizer of Llama 2's form from texts. */
@Command(
    name = "train-tokenizer",
    description = {
      "Learn a tokenizer of Llama 2's form from the texts of a data file: SentencePiece's BPE with"
          + " byte fallback.",
      "Writes tokenizer.model, and tokenizer.json and tokenizer_config.json for Transformers."
    })
final class TrainTokenizerCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "F",
      description = "Rows: JSON Lines or CSV, plain or gzip. All their texts are learned from.")
  private Path input;

  @Option(
      names = "--vocab_size",
      required = true,
      paramLabel = "N",
      description = "Tokens at most, more than 259.")
  private int vocabSize;

  @Option(
      names = "--special_token",
      paramLabel = "T",
      description = "A special token beside <unk>, <s> and </s>; may be given several times.")
  private List<String> special = List.of();

  @Option(
      names = "--output",
      required = true,
      paramLabel = "D",
      description = "Folder of the files; those that are there are replaced.")
  private Path output;

  @Override
  public Integer call() throws IOException {
    SentencePieceTrainer.Settings settings;
    try {
      settings = new SentencePieceTrainer.Settings(vocabSize, special);
    } catch (IllegalArgumentException e) {
      throw UserException.usage("train-tokenizer: " + e.getMessage() + ".");
    }
    try (var models = new Models(runner.environment(), spec.commandLine().getErr())) {
      models.files().fetched(input);
      var tokens = SentencePieceTrainer.train(texts(), settings, output);
      models.outputs().publish("--output", output);
      say(tokens);
    }
    return ExitCode.DONE;
  }

  private List<String> texts() throws IOException {
    var texts = new ArrayList<String>();
    RowFile.read(
        input,
        RowFile.Text.JSON_LINES,
        row -> {
          var before = texts.size();
          row.forEach(
              value -> {
                if (value.isTextual()) {
                  texts.add(value.textValue());
                }
              });
          if (texts.size() == before) {
            throw new BadRowException("no field has a text");
          }
        });
    return texts;
  }

  private void say(int tokens) {
    spec.commandLine()
        .getErr()
        .printf(Locale.ROOT, "Wrote a tokenizer of %,d tokens to %s.%n", tokens, output);
    if (tokens < vocabSize) {
      spec.commandLine()
          .getErr()
          .printf(
              Locale.ROOT,
              "It has fewer tokens than asked for, because no further pair occurs twice.%n");
    }
  }
}
