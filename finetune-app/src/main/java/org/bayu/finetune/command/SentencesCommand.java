package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bayu.finetune.data.JsonLines;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.sentences.BaseRows;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Writes what the demo's base model is trained on. */
@Command(
    name = "sentences",
    hidden = true,
    description = {
      "Write made-up sentences about games and trails with the function calls that say the same:"
          + " what the demo's base model was trained on.",
      "tools/base in the sources has the other steps."
    })
final class SentencesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(names = "--rows", required = true, paramLabel = "N", description = "How many.")
  private int count;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "The same seed gives the same rows.")
  private long seed;

  @Option(
      names = "--strange",
      description = "Most names and specifiers of games are of random letters.")
  private boolean strange;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "F.jsonl",
      description = "Written when whole; replaced if it exists.")
  private Path output;

  @Override
  public Integer call() throws IOException {
    try (var models = new Models(runner.environment(), spec.commandLine().getErr())) {
      var rows = new BaseRows(seed, strange);
      JsonLines.write(
          output,
          Stream.generate(rows::next)
              .limit(count)
              .map(row -> JsonLines.row(BaseRows.INSTRUCTION, row.sentence(), row.call())));
      models.outputs().publish("--output", output);
    }
    spec.commandLine().getErr().printf(Locale.ROOT, "Wrote %d rows to %s.%n", count, output);
    return ExitCode.DONE;
  }
}
